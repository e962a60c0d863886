//! Several processes at once, on an engine that allows it.

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use crate::bed::Bed;
    use crate::program::{Run, columns, finish, open_two, run, start};

    fn all_at_once(bed: &Bed, arguments: &[&str], count: usize) -> Vec<Run> {
        let children: Vec<_> = (0..count).map(|_| start(bed, arguments)).collect();
        children.into_iter().map(|child| finish(child, b"")).collect()
    }

    #[test]
    fn of_two_who_take_the_same_one_gets_it() {
        for bed in [Bed::of("sqlite"), Bed::apart("sqlite", "sqlite")] {
            open_two(&bed);
            let runs = all_at_once(&bed, &["withdraw", "ada", "300"], 8);
            let done = runs.iter().filter(|run| run.code == Some(0)).count();
            assert_eq!(done, 1, "{runs:?}");
            for run in runs.iter().filter(|run| run.code != Some(0)) {
                assert!(run.err.contains("has 200 cents, and not 300"), "{run:?}");
            }
            assert_eq!(columns(&run(&bed, &["accounts"]), &[1]), [["200"], ["0"]]);
        }
    }

    #[test]
    fn nothing_is_lost() {
        for bed in [Bed::of("sqlite"), Bed::apart("sqlite", "sqlite")] {
            open_two(&bed);
            let runs = all_at_once(&bed, &["transfer", "ada", "bob", "7"], 8);
            assert!(runs.iter().all(|run| run.code == Some(0)), "{runs:?}");
            let runs = all_at_once(&bed, &["transfer", "ada", "bob", "9", "--key", "once"], 8);
            assert!(runs.iter().all(|run| run.code == Some(0)), "{runs:?}");
            let accounts = columns(&run(&bed, &["accounts"]), &[1, 2]);
            assert_eq!(accounts, [["435", "11"], ["65", "10"]]);
        }
    }
}
