//! Hosts that read like other hosts.
//!
//! Two signs: a label that mixes scripts which share letter shapes, and a host that becomes equal to a trusted one when similar
//! letters are treated as one (its *skeleton*). The table is our own short one, made for host names; it is not the Unicode
//! confusables data.

/// True when some label mixes two of the scripts whose letters look alike. The host is in ASCII form.
pub(crate) fn mixes_scripts(host: &str) -> bool {
    if !host.contains("xn--") {
        return false;
    }
    url::quirks::domain_to_unicode(host)
        .split('.')
        .any(|label| {
            let mut seen = [false; 5];
            for letter in label.chars() {
                match letter {
                    'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                        seen[0] = true
                    }
                    '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => seen[1] = true,
                    '\u{400}'..='\u{52f}' => seen[2] = true,
                    '\u{530}'..='\u{58f}' => seen[3] = true,
                    '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => seen[4] = true,
                    _ => {}
                }
            }
            seen.iter().filter(|script| **script).count() > 1
        })
}

/// True when `host` is not `trusted`, and reads like it. With `wildcard`, names below `trusted` are meant.
pub(crate) fn imitates(host: &str, trusted: &str, wildcard: bool) -> bool {
    let (host_skeleton, trusted_skeleton) = (skeleton(host), skeleton(trusted));
    let same_text = if wildcard {
        host.ends_with(&format!(".{trusted}"))
    } else {
        host == trusted
    };
    let same_shape = if wildcard {
        host_skeleton
            .strip_suffix(&trusted_skeleton)
            .is_some_and(|rest| rest.ends_with('.'))
    } else {
        host_skeleton == trusted_skeleton
    };
    same_shape && !same_text
}

/// The host with similar letters made equal.
fn skeleton(host: &str) -> String {
    let readable = if host.contains("xn--") {
        url::quirks::domain_to_unicode(host)
    } else {
        host.to_owned()
    };
    let folded: String = readable.chars().map(fold).collect();
    folded
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
}

/// A letter's representative among those that look like it.
fn fold(letter: char) -> char {
    match letter {
        '0' | '\u{3bf}' | '\u{43e}' | '\u{585}' | '\u{f6}' | '\u{f8}' | '\u{f3}' | '\u{f2}'
        | '\u{f4}' => 'o',
        '1' | 'i' | '|' | '\u{131}' | '\u{3b9}' | '\u{456}' | '\u{4cf}' | '\u{ed}' | '\u{ec}'
        | '\u{ef}' | '\u{142}' => 'l',
        '\u{3b1}' | '\u{430}' | '\u{e0}' | '\u{e1}' | '\u{e2}' | '\u{e3}' | '\u{e4}' | '\u{e5}' => {
            'a'
        }
        '\u{441}' | '\u{3f2}' | '\u{e7}' | '\u{107}' => 'c',
        '\u{501}' => 'd',
        '\u{435}' | '\u{451}' | '\u{e8}' | '\u{e9}' | '\u{ea}' | '\u{eb}' => 'e',
        '\u{261}' => 'g',
        '\u{4bb}' | '\u{570}' => 'h',
        '\u{458}' => 'j',
        '\u{43a}' | '\u{3ba}' => 'k',
        '\u{43c}' => 'm',
        '\u{578}' | '\u{f1}' | '\u{144}' => 'n',
        '\u{440}' | '\u{3c1}' => 'p',
        '\u{51b}' => 'q',
        '\u{433}' => 'r',
        '\u{455}' | '\u{15b}' | '\u{161}' | '5' => 's',
        '\u{442}' | '\u{3c4}' => 't',
        '\u{3c5}' | '\u{57d}' | '\u{fc}' | '\u{fa}' | '\u{f9}' => 'u',
        '\u{3bd}' | '\u{475}' => 'v',
        '\u{51d}' | '\u{3c9}' => 'w',
        '\u{445}' | '\u{3c7}' => 'x',
        '\u{443}' | '\u{3b3}' | '\u{fd}' | '\u{ff}' => 'y',
        '\u{17e}' | '\u{17a}' => 'z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(host: &str) -> String {
        url::quirks::domain_to_ascii(host)
    }

    #[test]
    fn mixed_scripts_are_seen_through_punycode() {
        assert!(mixes_scripts(&ascii("cdn.\u{435}xample.com")));
        assert!(!mixes_scripts(&ascii("b\u{fc}cher.example")));
        assert!(!mixes_scripts("cdn.example.com"));
    }

    #[test]
    fn a_host_imitates_another_by_shape_and_not_by_being_it() {
        assert!(imitates("cdn.examp1e.com", "cdn.example.com", false));
        assert!(imitates("a.exarnple.com", "example.com", true));
        assert!(imitates(
            &ascii("\u{430}\u{440}\u{440}\u{4cf}\u{435}.com"),
            "apple.com",
            false
        ));
        assert!(!imitates("cdn.example.com", "cdn.example.com", false));
        assert!(!imitates("a.example.com", "example.com", true));
        assert!(!imitates("other.com", "example.com", false));
    }
}
