//! The words of a text.

use unicode_segmentation::UnicodeSegmentation as _;

/// Returns the lower-cased words of a text, sorted and without duplicates, as an index of words
/// stores them. Words are those of Unicode Standard Annex 29.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_are_found_whatever_is_between_them() {
        assert_eq!(words("The quick, quick (brown) FOX."), ["brown", "fox", "quick", "the"]);
        assert_eq!(words("Ääkköset can't"), ["can't", "ääkköset"]);
        assert!(words(" -- ").is_empty());
    }
}
