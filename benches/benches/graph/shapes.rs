//! Graphs of known shape, as the text that a listing gives.

/// The shapes.
pub(crate) const SHAPES: [&str; 5] = ["dag", "dagc", "chain", "power", "star"];

/// The ids of all edges as one text: source and target, 36 bytes each.
pub(crate) struct Edges {
    text: String,
}

impl Edges {
    /// A graph of `nodes` nodes with five edges each.
    ///
    /// `dag` refers to any node after its own · `dagc` is one with a three-cycle for every 10,000 nodes · `chain` refers to the next
    /// five · `power` prefers few targets, by a power law · in `star` five hubs refer to all others.
    pub(crate) fn of(shape: &str, nodes: u32) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let pairs = pairs(shape, nodes, &mut random);
        let names: Vec<String> = (0..nodes).map(|_| uuid(random.u128(..))).collect();
        let mut text = String::with_capacity(pairs.len() * 72);
        for (source, target) in pairs {
            text.push_str(&names[source as usize]);
            text.push_str(&names[target as usize]);
        }
        Self { text }
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len() / 72
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.len()).map(|at| self.text[72 * at..72 * (at + 1)].split_at(36))
    }
}

fn pairs(shape: &str, nodes: u32, random: &mut fastrand::Rng) -> Vec<(u32, u32)> {
    let mut edges = Vec::with_capacity(nodes as usize * 5);
    for node in 0..nodes {
        for step in 1..=5 {
            let target = match shape {
                "chain" => node + step,
                "star" => step - 1,
                _ if node + 1 == nodes => continue,
                "power" => {
                    let left = f64::from(nodes - node - 1);
                    node + 1 + (left * random.f64().powi(4)) as u32
                }
                _ => random.u32(node + 1..nodes),
            };
            if target >= nodes || target == node {
                continue;
            }
            edges.push(match shape {
                "star" if target > node => continue,
                "star" => (target, node),
                _ => (node, target),
            });
        }
    }
    if shape == "dagc" {
        for _ in 0..nodes / 10_000 {
            let first = random.u32(0..nodes - 2);
            let ring = [first, first + 1, first + 2];
            edges.extend([(ring[0], ring[1]), (ring[1], ring[2]), (ring[2], ring[0])]);
        }
    }
    // Neither the labels nor the order of the sources say anything about the structure.
    let mut labels: Vec<u32> = (0..nodes).collect();
    random.shuffle(&mut labels);
    for (source, target) in &mut edges {
        (*source, *target) = (labels[*source as usize], labels[*target as usize]);
    }
    edges.sort_by_key(|(source, _)| *source);
    edges
}

/// A version-4 UUID of these bits.
pub(crate) fn uuid(bits: u128) -> String {
    let hex = format!("{:032x}", bits & !(0xf << 76) | (4 << 76));
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
