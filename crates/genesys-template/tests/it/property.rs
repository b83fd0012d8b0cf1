//! A small count of what the stress program `stress_template` does a million times.

use crate::model;

#[test]
// errata RST-10, RST-11, RST-12, RST-13, RST-14, RST-17, RST-19
fn the_output_differs_from_the_template_at_its_holes_alone() {
    let seen = model::agree(0x7e31, 300, 10);
    assert!(seen.rendered > 300, "{seen:?}");
    assert!(seen.refused.len() >= 9, "every reason occurs: {seen:?}");
}
