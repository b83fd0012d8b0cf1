//! What a template may refer to.

use std::str::FromStr;

use serde_json::Value;

use crate::document::Document;
use crate::{Error, ErrorKind, Limits, Part, Problem, Variable};

/// The declarations beside a template: its roots, which of its variables are secret, what stands in for missing ones, the hosts it
/// may name, its limits.
///
/// What is optional is declared here and not in the template, whose placeholders stay plain names. Declarations are checked when a
/// template compiles.
///
/// ```
/// use genesys_template::{Scope, Template, Values};
///
/// let scope = Scope::new().with_root("input").with_default("input.page", 1);
/// let url = Template::url("https://api.example.com/cases?page={{input.page}}", &scope)?;
/// assert_eq!(url.render(&Values::new())?.text(), "https://api.example.com/cases?page=1");
/// # Ok::<(), genesys_template::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Scope {
    roots: Vec<Box<str>>,
    secrets: Vec<Box<str>>,
    missing: Missing,
    exceptions: Vec<(Box<str>, Missing)>,
    hosts: Vec<Box<str>>,
    limits: Limits,
}

/// What stands in for a variable without a value. A null is a value.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// Rendering fails and names every missing variable. The default.
    #[default]
    Error,
    /// The placeholder stays as it is written, for a later rendering: the output is a template and may be no JSON yet.
    ///
    /// Braces in values are then escaped in JSON and refused in headers, so that a later rendering cannot take them for a
    /// placeholder. Secrets are never preserved: a missing one is an error.
    Preserve,
    /// No text; `null` where JSON needs a value. For all variables at once it leaves secrets out: an empty credential is declared
    /// one by one.
    Empty,
    /// This value. Not for secrets.
    Default(Value),
}

impl Scope {
    /// Declares nothing: a template without holes compiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// The roots of a REST node: `input`, and `credentials`, which is secret.
    pub fn node() -> Self {
        Self::new().with_root("input").with_secret("credentials")
    }

    /// The roots of a webhook's payload: `org`, `queue`, `integration` and `timestamp`.
    pub fn webhook() -> Self {
        ["org", "queue", "integration", "timestamp"]
            .into_iter()
            .fold(Self::new(), Self::with_root)
    }

    /// Declares a root.
    #[must_use]
    pub fn with_root(mut self, root: &str) -> Self {
        self.roots.push(root.into());
        self
    }

    /// Declares a variable, and everything below it, to be secret: `credentials` as a whole, or `input.authToken` alone.
    ///
    /// It takes `SecretString`s only, is never [preserved](Missing::Preserve), and what it renders to is redacted wherever it is
    /// shown. Its root needs no other declaration when it is named by itself.
    #[must_use]
    pub fn with_secret(mut self, variable: &str) -> Self {
        if !variable.contains('.') {
            self.roots.push(variable.into());
        }
        self.secrets.push(variable.into());
        self
    }

    /// Sets what stands in for missing variables that have no declaration of their own.
    #[must_use]
    pub fn with_missing(mut self, missing: Missing) -> Self {
        self.missing = missing;
        self
    }

    /// Gives a variable a default.
    #[must_use]
    pub fn with_default(self, variable: &str, value: impl Into<Value>) -> Self {
        self.with_missing_variable(variable, Missing::Default(value.into()))
    }

    /// Declares that a variable may be missing, which renders as [`Missing::Empty`].
    #[must_use]
    pub fn with_optional(self, variable: &str) -> Self {
        self.with_missing_variable(variable, Missing::Empty)
    }

    /// Sets what stands in for one variable. The last declaration of a variable counts.
    #[must_use]
    pub fn with_missing_variable(mut self, variable: &str, missing: Missing) -> Self {
        self.exceptions.push((variable.into(), missing));
        self
    }

    /// Lets placeholders stand in the host and port of a URL, which must then come out as one of `hosts`, letter by letter:
    /// `api.example.com`, or `api.example.com:8443` for a port that is not the scheme's own.
    #[must_use]
    pub fn with_hosts<I>(mut self, hosts: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Box<str>>,
    {
        self.hosts.extend(hosts.into_iter().map(Into::into));
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub(crate) fn hosts(&self) -> &[Box<str>] {
        &self.hosts
    }

    /// True when anything may stay a placeholder.
    pub(crate) fn preserves(&self) -> bool {
        self.missing == Missing::Preserve
            || self
                .exceptions
                .iter()
                .any(|(_, missing)| *missing == Missing::Preserve)
    }

    pub(crate) fn declares(&self, root: &str) -> bool {
        self.roots.iter().any(|declared| **declared == *root)
    }

    pub(crate) fn is_secret(&self, variable: &Variable) -> bool {
        self.secrets.iter().any(|secret| {
            let whole = variable.as_str();
            whole
                .strip_prefix(&**secret)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// True when a variable below `variable` is secret and `variable` itself is not.
    pub(crate) fn holds_secret(&self, variable: &Variable) -> bool {
        !self.is_secret(variable) && self.secrets.iter().any(|secret| variable.holds(secret))
    }

    pub(crate) fn fallback(&self, variable: &Variable) -> Fallback {
        let own = self
            .exceptions
            .iter()
            .rev()
            .find(|(name, _)| **name == *variable.as_str());
        match own {
            Some((_, missing)) => Fallback::new(missing),
            None if self.is_secret(variable) => Fallback::Error,
            None => Fallback::new(&self.missing),
        }
    }

    /// Refuses declarations that mean nothing or contradict each other, every one of them.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut problems = Vec::new();
        let mut refuse = |name: &str, reason| {
            let part = Part::Scope(name.into());
            problems.push(Problem::new(ErrorKind::InvalidScope, &part).because(reason));
        };
        for root in &self.roots {
            if root.contains('.') || Variable::from_str(root).is_err() {
                refuse(root, "a root is an identifier");
            }
        }
        for secret in &self.secrets {
            self.check_name(secret, &mut refuse);
        }
        for (name, missing) in &self.exceptions {
            let Some(variable) = self.check_name(name, &mut refuse) else {
                continue;
            };
            let secret = self.is_secret(&variable);
            if secret && matches!(missing, Missing::Preserve | Missing::Default(_)) {
                refuse(name, "a secret has no default and is never preserved");
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Error::new(problems))
        }
    }

    fn check_name(
        &self,
        name: &str,
        refuse: &mut impl FnMut(&str, &'static str),
    ) -> Option<Variable> {
        match Variable::from_str(name) {
            Err(_) => refuse(name, "a variable is identifiers joined by dots"),
            Ok(variable) if !self.declares(variable.root()) => {
                refuse(name, "the root of the variable is not declared");
            }
            Ok(variable) => return Some(variable),
        }
        None
    }
}

/// [`Missing`], ready to be rendered.
#[derive(Debug, Clone)]
pub(crate) enum Fallback {
    Error,
    Preserve,
    Empty,
    Default(Document),
}

impl Fallback {
    fn new(missing: &Missing) -> Self {
        match missing {
            Missing::Error => Self::Error,
            Missing::Preserve => Self::Preserve,
            Missing::Empty => Self::Empty,
            Missing::Default(value) => Self::Default(Document::from_value(value)),
        }
    }
}
