//! G14: the same script of operations reads the same on every engine, in the same order and with
//! the same kinds of errors.

use std::fmt::Debug;

use serde_json::{Value, json};

use crate::bed::Bed;
use crate::database::{Database, Decision, Error, Op, Upgrade, key};
use crate::migrating::quick;

/// Segments of keys: few, so that they meet, and ones that could be confused.
const PARTS: [&str; 10] = ["1", "10", "1:x", "", "é", "ÿ", "日本", "😀", "\u{ff21}", "a\u{0}"];

/// Numbers that are the same every time.
struct Script(u64);

impl Script {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn part(&mut self) -> &'static str {
        PARTS[self.below(PARTS.len() as u64) as usize]
    }

    fn key(&mut self) -> String {
        match self.below(12) {
            0..5 => key::join(&["event", self.part()]),
            5..10 => key::join(&["modifier", self.part(), self.part()]),
            10 => self.part().to_owned(),
            _ => "k".repeat(70_000),
        }
    }

    fn value(&mut self) -> Value {
        match self.below(4) {
            0 => Value::Null,
            1 => json!(self.part()),
            2 => json!({ "list": [self.below(9), self.part()] }),
            _ => json!(self.below(1_000)),
        }
    }

    fn op(&mut self) -> Op {
        if self.below(3) == 0 { Op::del(self.key()) } else { Op::put(self.key(), self.value()) }
    }

    fn ops(&mut self) -> Vec<Op> {
        (0..self.below(6)).map(|_| self.op()).collect()
    }
}

/// Describes the result of an operation: its value, or what failed and of what kind.
fn told<T: Debug>(result: Result<T, Error>) -> String {
    match result {
        Ok(done) => format!("{done:?}"),
        Err(Error::Query { query, cause, .. }) => {
            let query: String = query.chars().take(40).collect();
            format!("{query}: {:?}", cause.kind())
        }
        Err(error) => panic!("{error}"),
    }
}

fn step(database: &Database, other: &Database, script: &mut Script, version: &mut u64) -> String {
    match script.below(20) {
        0..5 => told(database.put(&script.key(), &script.value())),
        5..7 => told(database.get(&script.key())),
        7 => told(database.del(&script.key())),
        8..10 => told(database.keys(&script.key())),
        10..12 => told(database.get_all(["", "event:", "modifier:1:"][script.below(3) as usize])),
        12..15 => told(database.batch(&script.ops())),
        15 => told(database.delete_event(script.part())),
        16 => told(database.batch_across(&[(database, &script.ops()), (other, &script.ops())])),
        17 => told(other.get_all("")),
        18 if script.below(3) == 0 => {
            *version += 1;
            let upgrades: Vec<_> = (1..=*version).map(invalidate_long_ones).collect();
            told(database.migrate(&upgrades, &quick()))
        }
        _ => told(database.status()),
    }
}

fn invalidate_long_ones(version: u64) -> Upgrade {
    Upgrade::to(version, |nodes| {
        let decide = |node: &String| match node.len() {
            12.. => Decision::Invalidate,
            _ => Decision::Keep,
        };
        Ok(nodes.keys().map(|node| (node.clone(), decide(node))).collect())
    })
}

/// Plays a script on a new store, and returns the result of each step.
fn play(bed: &Bed, seed: u64) -> Vec<String> {
    let database = bed.open().buffered();
    let other = database.namespace("other").unwrap();
    let (mut script, mut version) = (Script(seed), 0);
    let mut lines: Vec<_> =
        (0..400).map(|_| step(&database, &other, &mut script, &mut version)).collect();
    lines.push(told(database.get_all("")));
    lines.push(told(database.close()));
    lines.extend((0..20).map(|_| told(database.put(&script.key(), &script.value()))));
    lines
}

#[test]
fn every_engine_plays_a_script_alike() {
    let mut schemes = arbour::schemes();
    // It needs a server.
    schemes.retain(|scheme| scheme != "postgres");
    assert!(schemes.len() > 1, "one engine alone is compared with none");
    for seed in [1, 0x5eed, u64::MAX / 3] {
        let expected = play(&Bed::of("memory"), seed);
        for scheme in schemes.iter().filter(|scheme| *scheme != "memory") {
            let played = play(&Bed::of(scheme), seed);
            for (number, (played, expected)) in played.iter().zip(&expected).enumerate() {
                assert_eq!(played, expected, "{scheme}, seed {seed}, step {number}");
            }
            assert_eq!(played.len(), expected.len());
        }
        // The script is only useful if it reaches the cases in question.
        for sight in ["TooLarge", "Closed", "replica: Y", "Null", "\"modifier:1%3Ax:"] {
            assert!(expected.iter().any(|line| line.contains(sight)), "{seed}: no {sight}");
        }
    }
}
