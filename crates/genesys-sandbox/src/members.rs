//! The members of a JSON object, checked one by one, with every violation named in one refusal.

use serde_json::{Map, Value};
use url::Url;

use crate::api_error::{ApiError, Detail};
use crate::input::is_loopback;

/// The longest address in characters.
const ADDRESS_LENGTH: usize = 2_048;

/// Checks the members of one object and collects what is wrong with them.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    object: &'a Map<String, Value>,
    prefix: String,
    problems: Problems,
}

/// What is wrong with a body.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<(Detail, String)>);

impl Problems {
    pub(crate) fn add(&mut self, code: &'static str, field: impl Into<String>, rule: &str) {
        let field = field.into();
        let text = format!("{field} {rule}");
        self.0.push((Detail { code, field }, text));
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// All violations as one refusal.
    pub(crate) fn into_result(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (details, texts): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        Err(ApiError::bad_request(
            "bad.request",
            format!("The request is not valid: {}.", texts.join("; ")),
        )
        .with_details(details))
    }
}

impl<'a> Members<'a> {
    /// Reads a body, which must be an object with no other members than these.
    pub(crate) fn of(value: &'a Value, known: &[&str]) -> Result<Self, ApiError> {
        let object = value.as_object().ok_or_else(|| {
            ApiError::bad_request("bad.request", "The request body must be a JSON object.")
        })?;
        let mut members = Self {
            object,
            prefix: String::new(),
            problems: Problems::default(),
        };
        members.only(known);
        Ok(members)
    }

    fn only(&mut self, known: &[&str]) {
        for name in self
            .object
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
        {
            self.problems.add(
                "unknown.property",
                format!("{}{name}", self.prefix),
                "is not known",
            );
        }
    }

    /// The value of a member; `null` counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn problem(&mut self, code: &'static str, name: &str, rule: &str) {
        self.problems
            .add(code, format!("{}{name}", self.prefix), rule);
    }

    /// A member that must be there.
    pub(crate) fn required(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.get(name);
        if value.is_none() {
            self.problem("required", name, "is required");
        }
        value
    }

    /// A text of 1 to `max` characters that must be there.
    pub(crate) fn text(&mut self, name: &str, max: usize) -> Option<&'a str> {
        self.required(name)?;
        self.optional_text(name, max)
    }

    /// A text of 1 to `max` characters, if it is there.
    pub(crate) fn optional_text(&mut self, name: &str, max: usize) -> Option<&'a str> {
        let value = self.get(name)?;
        match value.as_str() {
            None => self.problem("invalid.type", name, "must be a string"),
            Some(text) if text.trim().is_empty() => {
                self.problem("required", name, "must not be empty")
            }
            Some(text) if text.chars().count() > max => {
                self.problem(
                    "invalid.length",
                    name,
                    &format!("must not be longer than {max} characters"),
                );
            }
            Some(text) => return Some(text),
        }
        None
    }

    /// A text that must be one of these.
    pub(crate) fn one_of(&mut self, name: &str, allowed: &[&str]) -> Option<&'a str> {
        let text = self.text(name, 256)?;
        if allowed.contains(&text) {
            return Some(text);
        }
        self.problem(
            "invalid.value",
            name,
            &format!("must be one of {}", allowed.join(", ")),
        );
        None
    }

    /// A text that is one of these, if it is there.
    pub(crate) fn optional_one_of(&mut self, name: &str, allowed: &[&str]) -> Option<&'a str> {
        self.get(name)?;
        self.one_of(name, allowed)
    }

    /// An https address with a host, without user information and fragment. Loopback addresses may be plain http
    /// where `loopback` says so.
    pub(crate) fn address(&mut self, name: &str, loopback: bool) -> Option<Url> {
        let text = self.text(name, ADDRESS_LENGTH)?;
        match read_address(text, loopback) {
            Ok(url) => Some(url),
            Err(rule) => {
                self.problem("invalid.url", name, rule);
                None
            }
        }
    }

    /// The addresses of an array, if it is there, each as [`address`](Self::address) takes them.
    pub(crate) fn optional_addresses(&mut self, name: &str, loopback: bool) -> Vec<Url> {
        let mut out = Vec::new();
        for (field, text) in self.optional_list(name) {
            let read = if text.chars().count() > ADDRESS_LENGTH {
                Err("must not be longer than 2048 characters")
            } else {
                read_address(text, loopback)
            };
            match read {
                Ok(url) => out.push(url),
                Err(rule) => self.problem("invalid.url", &field, rule),
            }
        }
        out
    }

    /// The strings of an array, if it is there, each with the name of its place. One that is empty is a violation.
    pub(crate) fn optional_list(&mut self, name: &str) -> Vec<(String, &'a str)> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.problem("invalid.type", name, "must be an array of strings");
            return Vec::new();
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let field = format!("{name}[{index}]");
            match item.as_str() {
                None => self.problem("invalid.type", &field, "must be a string"),
                Some(text) if text.trim().is_empty() => {
                    self.problem("required", &field, "must not be empty");
                }
                Some(text) => out.push((field, text)),
            }
        }
        out
    }

    /// A number within bounds, if it is there; it may have a fraction.
    pub(crate) fn optional_decimal(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<f64>,
    ) -> Option<f64> {
        let value = self.get(name)?;
        match value.as_f64() {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let rule = format!("must be a number from {} to {}", range.start(), range.end());
                self.problem("invalid.value", name, &rule);
                None
            }
        }
    }

    /// A whole number within bounds, if it is there.
    pub(crate) fn optional_number(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.get(name)?;
        match value.as_u64() {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let rule = format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                );
                self.problem("invalid.value", name, &rule);
                None
            }
        }
    }

    /// True or false, if it is there.
    pub(crate) fn optional_flag(&mut self, name: &str) -> Option<bool> {
        let flag = self.get(name)?.as_bool();
        if flag.is_none() {
            self.problem("invalid.type", name, "must be true or false");
        }
        flag
    }

    /// An object that must be there, checked by `read`.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        known: &[&str],
        read: impl FnOnce(&mut Members<'a>) -> T,
    ) -> Option<T> {
        self.required(name)?;
        self.optional_object(name, known, read)
    }

    /// An object, if it is there, checked by `read`.
    pub(crate) fn optional_object<T>(
        &mut self,
        name: &str,
        known: &[&str],
        read: impl FnOnce(&mut Members<'a>) -> T,
    ) -> Option<T> {
        let value = self.get(name)?;
        let Some(object) = value.as_object() else {
            self.problem("invalid.type", name, "must be an object");
            return None;
        };
        Some(self.nested(object, &format!("{name}."), known, read))
    }

    /// The objects of an array, if it is there, each checked by `read`.
    pub(crate) fn optional_array<T>(
        &mut self,
        name: &str,
        known: &[&str],
        mut read: impl FnMut(&mut Members<'a>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.problem("invalid.type", name, "must be an array");
            return Vec::new();
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.as_object() {
                Some(object) => {
                    out.push(self.nested(object, &format!("{name}[{index}]."), known, &mut read))
                }
                None => self.problem(
                    "invalid.type",
                    &format!("{name}[{index}]"),
                    "must be an object",
                ),
            }
        }
        out
    }

    /// An object of strings, if it is there.
    pub(crate) fn optional_texts(&mut self, name: &str) -> Vec<(String, String)> {
        let Some(value) = self.get(name) else {
            return Vec::new();
        };
        let Some(object) = value.as_object() else {
            self.problem("invalid.type", name, "must be an object of strings");
            return Vec::new();
        };
        let mut out = Vec::new();
        for (key, value) in object {
            match value.as_str() {
                Some(text) => out.push((key.clone(), text.to_owned())),
                None => self.problem("invalid.type", &format!("{name}.{key}"), "must be a string"),
            }
        }
        out
    }

    fn nested<T>(
        &mut self,
        object: &'a Map<String, Value>,
        suffix: &str,
        known: &[&str],
        read: impl FnOnce(&mut Members<'a>) -> T,
    ) -> T {
        let mut inner = Members {
            object,
            prefix: format!("{}{suffix}", self.prefix),
            problems: Problems::default(),
        };
        inner.only(known);
        let out = read(&mut inner);
        self.problems.extend(inner.problems);
        out
    }

    /// Ends the check: nothing was wrong, or everything that was.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        self.problems.into_result()
    }
}

/// An address, or the rule that it breaks.
pub(crate) fn read_address(text: &str, loopback: bool) -> Result<Url, &'static str> {
    let url = match Url::parse(text) {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => url,
        _ => return Err("must be an absolute URL"),
    };
    let plain = loopback && url.scheme() == "http" && is_loopback(&url);
    if url.scheme() != "https" && !plain {
        Err("must be https")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("must not hold user information")
    } else if url.fragment().is_some() {
        Err("must not hold a fragment")
    } else {
        Ok(url)
    }
}
