//! The nearest of several names to a misspelt one.

/// Returns an addition to an error about an unknown name: the nearest known name, or all of them.
pub(crate) fn suggestion(unknown: &str, known: &[&str]) -> String {
    let quoted = |name: &str| format!("`{name}`");
    // More changes than a third of the letters make it another word.
    let changes_max = unknown.chars().count().div_ceil(3);
    let nearest = known
        .iter()
        .map(|name| (changes(unknown, name), name))
        .filter(|(changes, _)| *changes <= changes_max)
        .min();
    match nearest {
        Some((_, name)) => format!("did you mean {}?", quoted(name)),
        None if known.is_empty() => "there is none".to_owned(),
        None => {
            let names: Vec<String> = known.iter().map(|name| quoted(name)).collect();
            format!("use one of {}", names.join(", "))
        }
    }
}

/// Counts the letters to insert, remove or replace to make one name of another (Levenshtein).
fn changes(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut diagonal = number;
        let mut left = number + 1;
        let mut next = vec![left];
        for (other_letter, above) in other.iter().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(letter != *other_letter);
            left = replaced.min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{changes, suggestion};

    #[test]
    fn changes_are_counted() {
        assert_eq!(changes("statu", "status"), 1);
        assert_eq!(changes("kitten", "sitting"), 3);
        assert_eq!(changes("", "abc"), 3);
    }

    #[test]
    fn only_a_similar_name_is_suggested() {
        assert_eq!(suggestion("statu", &["size", "status"]), "did you mean `status`?");
        assert_eq!(suggestion("owner", &["size", "status"]), "use one of `size`, `status`");
        assert_eq!(suggestion("owner", &[]), "there is none");
    }
}
