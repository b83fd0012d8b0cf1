//! A whole request: URL, headers and body.

use std::fmt;
use std::iter::once;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::hole::Hole;
use crate::rendered::{Cut, Output, Span};
use crate::schema::{self, Disagreement};
use crate::{Error, ErrorKind, Part, Problem, Scope, Template, Values, Variable, compile, render};

/// The URL, headers and JSON body of a request, compiled as one: a rendering fails as a whole and names everything that is missing.
///
/// ```
/// use genesys_template::{RequestTemplate, Scope, Values};
/// use secrecy::SecretString;
/// use serde_json::json;
///
/// let request = RequestTemplate::builder("https://api.example.com/v1/resources/{{input.targetId}}", Scope::node())
///     .with_header("Authorization", "Bearer {{credentials.token}}")
///     .with_body(r#"{"resourceId":"{{input.targetId}}"}"#)
///     .build()?;
/// let values = Values::new()
///     .with_json("input", &json!({"targetId": "a/b"}))
///     .with_secret("credentials.token", SecretString::from("s3cr3t"));
/// let rendered = request.render(&values)?;
/// assert_eq!(rendered.url(), "https://api.example.com/v1/resources/a%2Fb");
/// assert_eq!(rendered.header("authorization"), Some("Bearer s3cr3t"));
/// assert_eq!(rendered.body(), Some(r#"{"resourceId":"a/b"}"#));
/// assert!(!format!("{rendered:?}").contains("s3cr3t"));
/// # Ok::<(), genesys_template::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RequestTemplate {
    url: Template,
    headers: Box<[Template]>,
    body: Option<Template>,
    layout: Arc<Layout>,
}

/// What a rendering takes over from its template.
#[derive(Debug)]
struct Layout {
    headers: Box<[HeaderName]>,
    has_body: bool,
    /// Of the holes of all parts.
    variables: Box<[Variable]>,
}

/// Collects the texts of a [`RequestTemplate`].
#[derive(Debug, Clone)]
#[must_use]
pub struct RequestTemplateBuilder {
    scope: Scope,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl RequestTemplateBuilder {
    /// Adds a header. Each name may be given once, in whatever case.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the JSON body.
    pub fn with_body(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Compiles every part.
    ///
    /// # Errors
    /// The problems of all parts, as for [`Template::url`], [`Template::header`] and [`Template::json`]; two headers of one name; a
    /// variable whose places no value satisfies.
    pub fn build(self) -> Result<RequestTemplate, Error> {
        self.scope.check()?;
        let mut problems = Vec::new();
        let url = keep(compile::url(&self.url, &self.scope), &mut problems);
        let mut names: Vec<HeaderName> = Vec::new();
        let mut headers = Vec::new();
        for (name, text) in &self.headers {
            let compiled = compile::header(name, text, &self.scope);
            let Some((name, program)) = keep(compiled, &mut problems) else {
                continue;
            };
            if names.contains(&name) {
                let problem = Problem::new(ErrorKind::InvalidHeader, &program.part);
                problems.push(problem.because("the header is there twice"));
            }
            names.push(name);
            headers.push(Template::of(program));
        }
        let body = self
            .body
            .as_ref()
            .map(|text| compile::json(text, &self.scope));
        let body = body.and_then(|compiled| keep(compiled, &mut problems));
        let Some(url) = url.filter(|_| problems.is_empty()) else {
            return Err(Error::new(problems));
        };

        let url = Template::of(url);
        let body = body.map(Template::of);
        let parts = || once(&url).chain(&headers).chain(&body);
        schema::check_conflicts(parts().map(|part| &part.program))?;
        let layout = Layout {
            headers: names.into(),
            has_body: body.is_some(),
            variables: parts()
                .flat_map(Template::holes)
                .map(|hole| hole.variable.clone())
                .collect(),
        };
        Ok(RequestTemplate {
            layout: Arc::new(layout),
            headers: headers.into(),
            url,
            body,
        })
    }
}

/// What compiled; or its problems, to be reported with those of the other parts.
fn keep<T>(compiled: Result<T, Vec<Problem>>, problems: &mut Vec<Problem>) -> Option<T> {
    compiled.map_err(|found| problems.extend(found)).ok()
}

impl RequestTemplate {
    /// Starts with the URL, and the scope of all parts.
    pub fn builder(url: impl Into<String>, scope: Scope) -> RequestTemplateBuilder {
        RequestTemplateBuilder {
            scope,
            url: url.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Fills the holes of all parts.
    ///
    /// # Errors
    /// Everything that is missing or refused in any part.
    pub fn render(&self, values: &Values) -> Result<RenderedRequest, Error> {
        let bytes: usize = self.parts().map(|part| part.program.literals.len()).sum();
        let holes = self.layout.variables.len();
        let mut rendered = RenderedRequest {
            output: Output::with_capacity(bytes, holes),
            cuts: Vec::with_capacity(2 + self.headers.len()),
            layout: Some(Arc::clone(&self.layout)),
        };
        self.render_into(values, &mut rendered)?;
        Ok(rendered)
    }

    /// Fills the holes into an earlier result, whose memory is used again.
    ///
    /// # Errors
    /// As [`render`](Self::render); `rendered` is then empty.
    pub fn render_into(
        &self,
        values: &Values,
        rendered: &mut RenderedRequest,
    ) -> Result<(), Error> {
        let mut problems = Vec::new();
        let mut first_hole = 0;
        rendered.output.clear();
        rendered.cuts.clear();
        let output = &mut rendered.output;
        for part in self.parts() {
            let (text, stretches) = (output.text.len(), output.stretches.len());
            render::render(&part.program, values, first_hole, output, &mut problems);
            rendered.cuts.push(Cut {
                text: text..output.text.len(),
                stretches: stretches..output.stretches.len(),
            });
            first_hole += part.program.holes.len();
        }
        if !problems.is_empty() {
            *rendered = RenderedRequest::new();
            return Err(Error::new(problems));
        }
        let same = |layout: &Arc<Layout>| Arc::ptr_eq(layout, &self.layout);
        if !rendered.layout.as_ref().is_some_and(same) {
            rendered.layout = Some(Arc::clone(&self.layout));
        }
        Ok(())
    }

    /// The template of the URL.
    pub fn url(&self) -> &Template {
        &self.url
    }

    /// The headers' names and the templates of their values, in the order in which they were given.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &Template)> {
        self.layout.headers.iter().zip(&self.headers)
    }

    /// The template of the body.
    pub fn body(&self) -> Option<&Template> {
        self.body.as_ref()
    }

    fn parts(&self) -> impl Iterator<Item = &Template> {
        once(&self.url).chain(&self.headers).chain(&self.body)
    }

    /// The holes of all parts: URL, headers, body.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts().flat_map(Template::holes)
    }

    /// The variables of all parts, each once, by name.
    pub fn variables(&self) -> Vec<&Variable> {
        schema::variables(self.holes())
    }

    /// The JSON schema of the values that `root` must have, as [`Template::input_schema`].
    pub fn input_schema(&self, root: &str) -> Value {
        schema::derive(self.holes(), root)
    }

    /// Compares the schema that somebody declares for `root` with what the request needs; every disagreement.
    pub fn check_schema(&self, root: &str, declared: &Value) -> Vec<Disagreement> {
        schema::check(self.holes(), root, declared)
    }
}

/// A request, ready to be sent.
///
/// `Debug` shows it with its secrets redacted. When it has a secret, its text is wiped on drop.
#[derive(Clone, Default)]
pub struct RenderedRequest {
    /// All parts, one after the other.
    output: Output,
    /// Each part: URL, headers, body.
    cuts: Vec<Cut>,
    layout: Option<Arc<Layout>>,
}

/// A header of a [`RenderedRequest`]. `Debug` shows it redacted when it holds a secret.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RenderedHeader<'a> {
    /// Its name.
    pub name: &'a HeaderName,
    /// Its value, with its secrets.
    pub value: &'a str,
    /// It holds a secret.
    pub sensitive: bool,
}

impl RenderedRequest {
    /// Nothing yet: to be filled by [`render_into`](RequestTemplate::render_into), again and again.
    pub fn new() -> Self {
        Self::default()
    }

    /// The URL.
    pub fn url(&self) -> &str {
        self.text(0)
    }

    /// The body, if the template has one.
    pub fn body(&self) -> Option<&str> {
        self.body_place().map(|place| self.text(place))
    }

    /// The headers, in the order in which they were given.
    pub fn headers(&self) -> impl Iterator<Item = RenderedHeader<'_>> {
        let names = self
            .layout
            .as_deref()
            .map_or(&[][..], |layout| &layout.headers);
        names
            .iter()
            .enumerate()
            .map(|(place, name)| RenderedHeader {
                name,
                value: self.text(place + 1),
                sensitive: self.output.has_secret(&self.cut(place + 1)),
            })
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|header| header.name.as_str().eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }

    /// The headers as a map, in which those with a secret are marked sensitive.
    ///
    /// # Errors
    /// None that a rendered value could cause: it has been checked.
    pub fn header_map(&self) -> Result<HeaderMap, Error> {
        let mut map = HeaderMap::new();
        for header in self.headers() {
            let value = HeaderValue::from_str(header.value);
            let part = || Part::Header(header.name.as_str().into());
            let mut value = value.map_err(|_| Problem::new(ErrorKind::NotHeaderText, &part()))?;
            value.set_sensitive(header.sensitive);
            map.insert(header.name, value);
        }
        Ok(map)
    }

    /// Where the values of variables stand in the URL.
    pub fn url_spans(&self) -> impl Iterator<Item = Span<'_>> {
        self.spans(0)
    }

    /// Where the values of variables stand in the body.
    pub fn body_spans(&self) -> impl Iterator<Item = Span<'_>> {
        self.spans(self.body_place().unwrap_or(usize::MAX))
    }

    /// The variable that the byte at `offset` of the body came from: of an upstream's error message, for instance. Nothing for the
    /// template's own text.
    pub fn body_variable_at(&self, offset: usize) -> Option<&Variable> {
        let mut spans = self.body_spans();
        spans
            .find(|span| span.range.contains(&offset))
            .map(|span| span.variable)
    }

    /// The URL with `[redacted]` in place of every secret.
    pub fn redacted_url(&self) -> String {
        self.output.redacted(&self.cut(0))
    }

    /// The body with `[redacted]` in place of every secret.
    pub fn redacted_body(&self) -> Option<String> {
        self.body_place()
            .map(|place| self.output.redacted(&self.cut(place)))
    }

    /// False when a placeholder was preserved.
    pub fn is_complete(&self) -> bool {
        self.output.is_complete()
    }

    fn body_place(&self) -> Option<usize> {
        let layout = self.layout.as_deref()?;
        layout.has_body.then_some(layout.headers.len() + 1)
    }

    fn cut(&self, place: usize) -> Cut {
        self.cuts.get(place).cloned().unwrap_or_default()
    }

    fn text(&self, place: usize) -> &str {
        &self.output.text[self.cut(place).text]
    }

    fn spans(&self, place: usize) -> impl Iterator<Item = Span<'_>> {
        let variables = self
            .layout
            .as_deref()
            .map_or(&[][..], |layout| &layout.variables);
        self.output.spans(self.cut(place), variables)
    }
}

impl fmt::Debug for RenderedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderedRequest")
            .field("url", &self.redacted_url())
            .field("headers", &self.headers().collect::<Vec<_>>())
            .field("body", &self.redacted_body())
            .finish()
    }
}

impl fmt::Debug for RenderedHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.sensitive {
            "[redacted]"
        } else {
            self.value
        };
        write!(f, "{}: {value:?}", self.name)
    }
}
