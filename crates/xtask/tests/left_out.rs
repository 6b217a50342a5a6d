//! No test: the last program that `cargo test --workspace` runs of them (only examples in documentation come later). It
//! says which tests were left out, and what they need.

#[path = "../../../tests/support/needs.rs"]
mod needs;

fn main() {
    // Test runners ask for a list of tests first.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let unmet: Vec<String> = needs::ALL.iter().filter_map(needs::Need::unmet).collect();
    match unmet.len() {
        0 => needs::say("nothing was left out for want of something\n"),
        _ => needs::say(&unmet.concat()),
    }
    needs::say("long runs are not part of this command: CONTRIBUTING.md, Tests\n");
}
