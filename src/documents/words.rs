//! The words of a text, and how they are compared.
//!
//! Words are those of Unicode Standard Annex 29. They are compared regardless of case and accents:
//! a word is decomposed (NFKD), loses the combining diacritical marks of Latin, Greek and Cyrillic,
//! and has its letters mapped to lower, upper and lower case one by one, so that `ß` equals `ss` and
//! both lower-case sigmas are equal. The marks of other scripts make other words, and stay.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// The version of the rule. An index that was built by another one is built anew.
pub(super) const FOLDING: u32 = 2;

/// The combining diacritical marks that are left out.
const MARKS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';

/// A word that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AskedWord {
    pub(super) text: String,
    /// Whether it is only the beginning of a word.
    pub(super) is_beginning: bool,
}

impl AskedWord {
    /// Tells whether a word of a text is the word.
    pub(super) fn is(&self, word: &str) -> bool {
        if self.is_beginning { word.starts_with(&self.text) } else { word == self.text }
    }
}

/// Returns the words of a text in the form in which they are compared, each as often as it occurs.
pub(super) fn all_words(text: &str) -> impl Iterator<Item = String> {
    text.unicode_words().map(folded)
}

/// Returns the words of a text in the form in which they are compared, sorted and without duplicates,
/// as an index of words stores them.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = all_words(text).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Returns the words that a text asks for, sorted and without duplicates. A `*` right after a word asks
/// for every word that begins so.
pub(super) fn asked(text: &str) -> Vec<AskedWord> {
    let word = |(at, word): (usize, &str)| AskedWord {
        text: folded(word),
        is_beginning: text.get(at + word.len()..).is_some_and(|rest| rest.starts_with('*')),
    };
    let mut words: Vec<AskedWord> = text.unicode_word_indices().map(word).collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    let letters = word.nfkd().filter(|letter| !MARKS.contains(letter));
    // The capital `ẞ` is its own upper case, so that it has to be lowered first.
    let upper = letters.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_is_between_them() {
        assert_eq!(words("The quick, quick (brown) FOX."), ["brown", "fox", "quick", "the"]);
        assert_eq!(words("3.14 can't"), ["3.14", "can't"]);
        assert!(words(" -- ").is_empty());
    }

    #[test]
    fn case_and_accents_do_not_matter() {
        for forms in [
            &["Ägypten", "ägypten", "AGYPTEN", "a\u{308}gypten"][..],
            &["straße", "STRASSE", "Straẞe"],
            &["Σίσυφος", "ΣΙΣΥΦΟΣ", "σισυφοσ"],
            &["Ёлка", "елка"],
            &["ﬁre", "fire", "ＦＩＲＥ"],
            &["İstanbul", "istanbul", "ISTANBUL"],
            &["が", "か\u{3099}"],
        ] {
            for form in forms {
                assert_eq!(words(form), words(forms[0]), "{form}");
            }
        }
        for (one, other) in [("か", "が"), ("कि", "कु"), ("ß", "s"), ("word", "words")] {
            assert_ne!(words(one), words(other), "{one} and {other}");
        }
    }

    #[test]
    fn a_star_asks_for_a_beginning() {
        let asked = |text: &str| -> Vec<String> {
            let shown = |word: &AskedWord| {
                format!("{}{}", word.text, if word.is_beginning { "*" } else { "" })
            };
            asked(text).iter().map(shown).collect()
        };
        assert_eq!(asked("printer on Fi*"), ["fi*", "on", "printer"]);
        assert_eq!(asked("É* e* e"), ["e", "e*"]);
        assert_eq!(asked("* a *b c * d"), ["a", "b", "c", "d"]);
        let fire = AskedWord { text: "fi".to_owned(), is_beginning: true };
        assert!(fire.is("fire") && fire.is("fi") && !fire.is("of"));
    }
}
