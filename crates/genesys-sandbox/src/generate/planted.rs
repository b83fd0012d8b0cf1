//! What is wrong with an organisation, each fault on objects of its own.

use serde_json::json;

use super::background::flow_document;
use super::draft::{Document, Draft};
use super::{Node, Plan, SinglePoint};
use crate::organisation::{HOME_DIVISION_ID, Kind};

const BACKUP: &str = "directRouting.backupQueueId";

pub(super) fn fill(draft: &mut Draft, plan: &Plan) {
    for length in &plan.cycles {
        ring(draft, *length);
    }
    for _ in 0..plan.flow_cycles {
        let flows = [flow(draft, "COMMONMODULE"), flow(draft, "COMMONMODULE")];
        draft.uses(&flows[0], "COMMONMODULEFLOW", &flows[1]);
        draft.uses(&flows[1], "COMMONMODULEFLOW", &flows[0]);
        draft.truth().cycles.push(flows.to_vec());
    }
    for _ in 0..plan.self_references {
        let mut queue = queue(draft, "Self");
        let itself = queue.node.clone();
        draft.refer(&mut queue, BACKUP, &itself);
        draft.add(queue);
        draft.truth().self_references.push(itself);
    }
    for _ in 0..plan.diamonds {
        diamond(draft);
    }
    for n in 0..plan.dangling {
        dangling(draft, n);
    }
    for _ in 0..plan.single_points {
        single_point(draft);
    }
    for _ in 0..plan.orphans {
        let table = draft.planted(Kind::DataTable, "Unused");
        draft.add(table);
    }
    bad_lists(draft, plan);
}

/// A queue in the home division.
fn queue(draft: &mut Draft, name: &str) -> Document {
    let mut queue = draft.planted(Kind::Queue, name);
    let home = Node::new(Kind::Division, HOME_DIVISION_ID.to_owned());
    draft.refer(&mut queue, "division.id", &home);
    queue
}

fn flow(draft: &mut Draft, flow_type: &str) -> Node {
    let document = flow_document(draft, flow_type, "Planted");
    draft.add(document)
}

fn ring(draft: &mut Draft, length: usize) {
    let mut queues: Vec<Document> = (0..length).map(|_| queue(draft, "Ring")).collect();
    let nodes: Vec<Node> = queues.iter().map(|queue| queue.node.clone()).collect();
    for (n, queue) in queues.iter_mut().enumerate() {
        let place = if n % 2 == 0 {
            BACKUP
        } else {
            "conditionalGroupRouting.rules[0].queue.id"
        };
        draft.refer(queue, place, &nodes[(n + 1) % length]);
    }
    for queue in queues {
        draft.add(queue);
    }
    draft.truth().cycles.push(nodes);
}

fn diamond(draft: &mut Draft) {
    let last = queue(draft, "Bottom");
    let last = draft.add(last);
    let sides = ["Left", "Right"].map(|name| {
        let mut side = queue(draft, name);
        draft.refer(&mut side, BACKUP, &last);
        draft.add(side)
    });
    let mut first = queue(draft, "Top");
    for (n, side) in sides.iter().enumerate() {
        let place = format!("conditionalGroupRouting.rules[{n}].queue.id");
        draft.refer(&mut first, &place, side);
    }
    let first = draft.add(first);
    let [left, right] = sides;
    draft.truth().diamonds.push([first, left, right, last]);
}

fn dangling(draft: &mut Draft, n: usize) {
    if n % 4 == 3 {
        let flow = flow(draft, "INBOUNDCALL");
        let prompt = draft.nowhere(Kind::Prompt);
        draft.uses(&flow, "USERPROMPT", &prompt);
        return;
    }
    let (place, kind) = [
        ("queueFlow.id", Kind::Flow),
        ("whisperPrompt.id", Kind::Prompt),
        (BACKUP, Kind::Queue),
    ][n % 4];
    let mut queue = queue(draft, "Dangling");
    let to = draft.nowhere(kind);
    draft.refer(&mut queue, place, &to);
    draft.add(queue);
}

/// A flow that three call routes depend on, whatever the two staffed queues behind it do.
fn single_point(draft: &mut Draft) {
    let flow = flow(draft, "INBOUNDCALL");
    for _ in 0..2 {
        let queue = queue(draft, "Behind");
        let queue = draft.add(queue);
        let mut user = draft.planted(Kind::User, "Agent");
        user.set("version", json!(1));
        let user = draft.add(user);
        draft.member(&queue, &user);
        draft.uses(&flow, "QUEUE", &queue);
    }
    let entries = (0..3)
        .map(|_| {
            let mut route = draft.planted(Kind::CallRoute, "Only");
            draft.refer(&mut route, "openHoursFlow.id", &flow);
            draft.add(route)
        })
        .collect();
    let object = flow;
    draft
        .truth()
        .single_points
        .push(SinglePoint { object, entries });
}

fn bad_lists(draft: &mut Draft, plan: &Plan) {
    for n in 0..plan.without_id {
        draft.list(Kind::Queue, json!({"name": format!("Nameless {n}")}));
    }
    draft.truth().without_id = plan.without_id;
    let twice: Vec<_> = draft
        .documents(Kind::Queue)
        .iter()
        .filter(|queue| queue["id"].is_string())
        .take(plan.duplicates)
        .cloned()
        .collect();
    for queue in twice {
        if let Some(id) = queue["id"].as_str() {
            draft.truth().duplicates.push(id.to_owned());
        }
        draft.list(Kind::Queue, queue);
    }
}
