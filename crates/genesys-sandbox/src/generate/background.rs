//! An organisation with nothing wrong about it.

use serde_json::json;

use super::draft::{Document, Draft};
use super::{Node, Plan};
use crate::organisation::{HOME_DIVISION_ID, Kind};

/// What queues draw from.
struct Leaves {
    divisions: Vec<Node>,
    prompts: Vec<Node>,
    scripts: Vec<Node>,
    skills: Vec<Node>,
    codes: Vec<Node>,
    groups: Vec<(Node, &'static str)>,
    users: Vec<Node>,
    libraries: Vec<Node>,
    schedule_groups: Vec<Node>,
    tables: Vec<Node>,
    hold_flows: Vec<Node>,
}

pub(super) fn fill(draft: &mut Draft, plan: &Plan) {
    let leaves = leaves(draft, plan.queues);
    let queues = queues(draft, plan, &leaves);
    let flows = inbound_flows(draft, &leaves, &queues);
    call_routes(draft, &leaves, &flows);
}

/// One for every `each` queues, and `least` at least.
fn share(queues: usize, each: usize, least: usize) -> usize {
    (queues / each).max(least)
}

fn several(draft: &mut Draft, kind: Kind, count: usize, name: &str) -> Vec<Node> {
    (0..count)
        .map(|_| {
            let document = draft.object(kind, name);
            draft.add(document)
        })
        .collect()
}

fn leaves(draft: &mut Draft, queues: usize) -> Leaves {
    let mut divisions = vec![Node::new(Kind::Division, HOME_DIVISION_ID.to_owned())];
    for _ in 0..share(queues, 50, 1) {
        let mut division = draft.object(Kind::Division, "Division");
        division.set("description", json!(""));
        divisions.push(draft.add(division));
    }
    let prompts = several(draft, Kind::Prompt, share(queues, 2, 4), "Prompt");
    let tables = several(draft, Kind::DataTable, share(queues, 20, 2), "Table");
    let schedules = several(draft, Kind::Schedule, share(queues, 10, 2), "Schedule");
    several(draft, Kind::Location, share(queues, 50, 1), "Location");
    several(draft, Kind::Language, 5, "Language");
    let groups = [
        (Kind::Group, "GROUP"),
        (Kind::Team, "TEAM"),
        (Kind::SkillGroup, "SKILLGROUP"),
    ];
    let groups = groups
        .into_iter()
        .flat_map(|(kind, word)| {
            let nodes = several(draft, kind, share(queues, 10, 2), word);
            nodes.into_iter().map(move |node| (node, word))
        })
        .collect();
    let users = (0..(queues * 2).max(8))
        .map(|n| {
            let mut user = draft.object(Kind::User, "Agent");
            user.set("version", json!(1));
            user.set("state", json!("active"));
            user.set("email", json!(format!("agent{n}@example.com")));
            let division = draft.rng.usize(..divisions.len());
            draft.refer(&mut user, "division.id", &divisions[division]);
            draft.add(user)
        })
        .collect();
    let schedule_groups = (0..share(queues, 20, 2))
        .map(|_| {
            let mut group = draft.object(Kind::ScheduleGroup, "Hours");
            let open = draft.rng.usize(..schedules.len());
            draft.refer(&mut group, "openSchedules[0].id", &schedules[open]);
            let closed = draft.rng.usize(..schedules.len());
            draft.refer(&mut group, "closedSchedules[0].id", &schedules[closed]);
            draft.add(group)
        })
        .collect();
    let scripts = several(draft, Kind::Script, share(queues, 10, 1), "Script");
    let hold_flows = (0..share(queues, 4, 2))
        .map(|_| {
            let mut flow = flow_document(draft, "INQUEUECALL", "Hold");
            let division = draft.rng.usize(..divisions.len());
            draft.refer(&mut flow, "division.id", &divisions[division]);
            let node = draft.add(flow);
            let prompt = draft.rng.usize(..prompts.len());
            draft.uses(&node, "USERPROMPT", &prompts[prompt]);
            node
        })
        .collect();
    Leaves {
        skills: several(draft, Kind::Skill, share(queues, 5, 2), "Skill"),
        codes: several(draft, Kind::WrapUpCode, share(queues, 4, 2), "Code"),
        libraries: several(
            draft,
            Kind::ResponseLibrary,
            share(queues, 20, 1),
            "Library",
        ),
        divisions,
        prompts,
        scripts,
        groups,
        users,
        schedule_groups,
        tables,
        hold_flows,
    }
}

/// A published flow.
pub(super) fn flow_document(draft: &mut Draft, flow_type: &str, name: &str) -> Document {
    let mut flow = draft.planted(Kind::Flow, name);
    flow.set("type", json!(flow_type));
    flow.set("active", json!(true));
    flow.set("publishedVersion.id", json!("1.0"));
    flow
}

fn queues(draft: &mut Draft, plan: &Plan, leaves: &Leaves) -> Vec<Node> {
    // References go from earlier to later queues, so the last one is made first.
    let mut later: Vec<Node> = Vec::new();
    for _ in 0..plan.queues {
        let mut queue = draft.object(Kind::Queue, "Queue");
        let node = queue.node.clone();
        let one_of =
            |draft: &mut Draft, nodes: &[Node]| nodes[draft.rng.usize(..nodes.len())].clone();
        let to = one_of(draft, &leaves.divisions);
        draft.refer(&mut queue, "division.id", &to);
        for (place, nodes, chance) in [
            ("queueFlow.id", &leaves.hold_flows, 0.8),
            ("whisperPrompt.id", &leaves.prompts, 0.5),
            ("onHoldPrompt.id", &leaves.prompts, 0.5),
            ("defaultScripts.CALL.id", &leaves.scripts, 0.5),
            ("conditionalGroupRouting.rules[0].queue.id", &later, 0.5),
            ("directRouting.backupQueueId", &later, 0.3),
        ] {
            if !nodes.is_empty() && draft.rng.f64() < chance {
                let to = one_of(draft, nodes);
                draft.refer(&mut queue, place, &to);
            }
        }
        for n in 0..plan.density {
            match n % 3 {
                0 => {
                    let (group, word) =
                        leaves.groups[draft.rng.usize(..leaves.groups.len())].clone();
                    let place = format!("memberGroups[{}]", n / 3);
                    draft.refer(&mut queue, &format!("{place}.id"), &group);
                    queue.set(&format!("{place}.type"), json!(word));
                }
                1 => {
                    let to = one_of(draft, &leaves.skills);
                    let place = format!("bullseye.rings[0].actions.skillsToRemove[{}].id", n / 3);
                    draft.refer(&mut queue, &place, &to);
                }
                _ => {
                    let to = one_of(draft, &leaves.libraries);
                    let place = format!("cannedResponseLibraries.libraryIds[{}]", n / 3);
                    draft.refer(&mut queue, &place, &to);
                }
            }
        }
        draft.add(queue);
        for code in draft.choose(&leaves.codes, 2) {
            draft.wrap_up_code(&node, &code);
        }
        for user in draft.choose(&leaves.users, plan.members) {
            draft.member(&node, &user);
        }
        later.push(node);
    }
    later
}

/// Flows that answer. Even and odd ones share nothing that they use, so that a route with one of each has two ways.
fn inbound_flows(draft: &mut Draft, leaves: &Leaves, queues: &[Node]) -> [Vec<Node>; 2] {
    let halves = |nodes: &[Node], odd: usize| -> Vec<Node> {
        nodes.iter().skip(odd).step_by(2).cloned().collect()
    };
    [0, 1].map(|odd| {
        let (queues, prompts) = (halves(queues, odd), halves(&leaves.prompts, odd));
        let tables = halves(&leaves.tables, odd);
        (0..share(queues.len(), 3, 1))
            .map(|_| {
                let mut flow = flow_document(draft, "INBOUNDCALL", "Main");
                let division = draft.rng.usize(..leaves.divisions.len());
                draft.refer(&mut flow, "division.id", &leaves.divisions[division]);
                let node = draft.add(flow);
                for (resource, object_type, count) in
                    [(&queues, "QUEUE", 3), (&prompts, "USERPROMPT", 3)]
                {
                    for to in draft.choose(resource, count) {
                        draft.uses(&node, object_type, &to);
                    }
                }
                if draft.rng.f64() < 0.3 {
                    for table in draft.choose(&tables, 1) {
                        draft.uses(&node, "DATATABLE", &table);
                    }
                }
                node
            })
            .collect()
    })
}

/// Each with two flows that have nothing in common.
fn call_routes(draft: &mut Draft, leaves: &Leaves, [even, odd]: &[Vec<Node>; 2]) {
    for _ in 0..share(even.len() + odd.len(), 2, 1) {
        let mut route = draft.object(Kind::CallRoute, "Route");
        let division = draft.rng.usize(..leaves.divisions.len());
        draft.refer(&mut route, "division.id", &leaves.divisions[division]);
        for (place, nodes) in [
            ("openHoursFlow.id", even),
            ("closedHoursFlow.id", odd),
            ("scheduleGroup.id", &leaves.schedule_groups),
        ] {
            let to = nodes[draft.rng.usize(..nodes.len())].clone();
            draft.refer(&mut route, place, &to);
        }
        draft.add(route);
    }
}
