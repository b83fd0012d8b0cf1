//! "Did you mean": the nearest known word.

/// Longer texts are nobody's misspelling of a known word, and comparing them would cost.
const LONGEST: usize = 40;

/// The known word that needs the fewest changes, if two or fewer (one for words below six letters) do.
pub(crate) fn nearest<'w, W: AsRef<str>>(text: &str, words: &'w [W]) -> Option<&'w str> {
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let limit = if text.chars().count() < 6 { 1 } else { 2 };
    let lower = text.to_lowercase();
    let length = lower.chars().count();
    words
        .iter()
        // Each change makes up for one letter of a difference in length.
        .filter(|word| word.as_ref().chars().count().abs_diff(length) <= limit)
        .map(|word| {
            (
                distance(&lower, &word.as_ref().to_lowercase()),
                word.as_ref(),
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let width = other.len() + 1;
    let mut before: Vec<usize> = vec![0; width];
    let mut last: Vec<usize> = (0..width).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1; width];
        for (column, with) in other.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != with);
            line[column + 1] = replaced.min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *with {
                line[column + 1] = line[column + 1].min(before[column - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, line);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let words = ["allow-scripts", "allow-forms", "type"];
        assert_eq!(nearest("allow-script", &words), Some("allow-scripts"));
        assert_eq!(nearest("Allow-Froms", &words), Some("allow-forms"));
        assert_eq!(nearest("tpye", &words), Some("type"));
        assert_eq!(nearest("ty", &words), None);
        assert_eq!(nearest("something", &words), None);
        assert_eq!(nearest(&"a".repeat(1_000), &words), None);
    }
}
