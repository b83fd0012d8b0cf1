//! The tokens of the iframe `sandbox` attribute and of the CSP `sandbox` directive.

use crate::similar::nearest;
use crate::span::Span;

/// Every token of HTML.
pub(crate) const HTML_TOKENS: &[&str] = &[
    "allow-forms",
    "allow-modals",
    "allow-popups",
    "allow-presentation",
    "allow-same-origin",
    "allow-scripts",
    "allow-downloads",
    "allow-pointer-lock",
    "allow-orientation-lock",
    "allow-popups-to-escape-sandbox",
    "allow-top-navigation",
    "allow-top-navigation-by-user-activation",
    "allow-top-navigation-to-custom-protocols",
    "allow-storage-access-by-user-activation",
];

/// Bytes of a list that is rewritten for a fix. All tokens of HTML fit; rewriting a long list once for each of its mistakes would
/// cost the square of its length.
const REWRITABLE: usize = 512;

/// A list of words separated by commas, white space, or both, with its places.
#[derive(Debug)]
pub(crate) struct TokenList<'a> {
    text: &'a str,
    pub(crate) tokens: Vec<(&'a str, Span)>,
    /// Both kinds of separators occur, or an item is empty.
    pub(crate) irregular: bool,
    /// White space separates.
    pub(crate) spaced: bool,
}

impl<'a> TokenList<'a> {
    pub(crate) fn parse(text: &'a str) -> TokenList<'a> {
        let mut list = TokenList {
            text,
            tokens: Vec::new(),
            irregular: false,
            spaced: false,
        };
        let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
        let comma = text.contains(',');
        let mut at = 0;
        let mut items = 0;
        for item in text.split(',') {
            let mut start = at;
            let mut words = 0;
            for word in item.split(|letter: char| u8::try_from(letter).is_ok_and(blank)) {
                if !word.is_empty() {
                    list.tokens
                        .push((word, Span::new(start, start + word.len())));
                    words += 1;
                }
                start += word.len() + 1;
            }
            list.spaced |= words > 1;
            list.irregular |= comma && words != 1;
            items += 1;
            at += item.len() + 1;
        }
        list.irregular |= items == 1 && list.tokens.is_empty() && !text.is_empty();
        list
    }

    /// True when the token is in the list; case does not matter in HTML.
    pub(crate) fn has(&self, token: &str) -> bool {
        self.tokens
            .iter()
            .any(|(own, _)| own.eq_ignore_ascii_case(token))
    }

    /// The known word that a token of this list was meant to be, unless the list has that too. Long lists get no suggestions:
    /// comparing each of many tokens with every known word is not worth its time.
    pub(crate) fn meant<'w>(&self, token: &str, known: &'w [&'w str]) -> Option<&'w str> {
        if self.text.len() > REWRITABLE {
            return None;
        }
        nearest(token, known).filter(|near| !self.has(near))
    }

    /// The list with one token replaced (or left out), in the form that it has; `None` where rewriting it would cost too much.
    pub(crate) fn with_token(&self, index: usize, new: Option<&str>) -> Option<String> {
        if self.text.len() > REWRITABLE {
            return None;
        }
        let replaced = |(at, (token, _)): (usize, &(&'a str, Span))| {
            if at == index {
                new.map(str::to_owned)
            } else {
                Some((*token).to_owned())
            }
        };
        let tokens: Vec<String> = self
            .tokens
            .iter()
            .enumerate()
            .filter_map(replaced)
            .collect();
        Some(tokens.join(if self.spaced && !self.text.contains(',') {
            " "
        } else {
            ","
        }))
    }

    /// The list in the comma form; `None` where rewriting it would cost too much.
    pub(crate) fn canonical(&self) -> Option<String> {
        (self.text.len() <= REWRITABLE).then(|| {
            self.tokens
                .iter()
                .map(|(token, _)| *token)
                .collect::<Vec<_>>()
                .join(",")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_spaces_are_read_and_mixtures_noticed() {
        let read = |text| {
            let list = TokenList::parse(text);
            (
                list.tokens
                    .iter()
                    .map(|(token, span)| (*token, span.start))
                    .collect::<Vec<_>>(),
                list.irregular,
                list.spaced,
            )
        };
        assert_eq!(read("a,b"), (vec![("a", 0), ("b", 2)], false, false));
        assert_eq!(read("a b"), (vec![("a", 0), ("b", 2)], false, true));
        assert_eq!(read("a, b"), (vec![("a", 0), ("b", 3)], false, false));
        assert_eq!(
            read("a b,c"),
            (vec![("a", 0), ("b", 2), ("c", 4)], true, true)
        );
        assert_eq!(read("a,,b"), (vec![("a", 0), ("b", 3)], true, false));
        assert_eq!(read(""), (vec![], false, false));
        assert_eq!(read(" "), (vec![], true, false));
    }

    #[test]
    fn a_list_is_rewritten_in_its_own_form() {
        assert_eq!(
            TokenList::parse("a b c")
                .with_token(1, Some("x"))
                .as_deref(),
            Some("a x c")
        );
        assert_eq!(
            TokenList::parse("a,b, c").with_token(0, None).as_deref(),
            Some("b,c")
        );
        assert_eq!(
            TokenList::parse("a b,c").canonical().as_deref(),
            Some("a,b,c")
        );
    }
}
