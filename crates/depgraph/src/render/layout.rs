//! Where the vertices of a picture stand: in columns, so that most arrows point to the right and few of them cross.

use crate::csr::Csr;

pub(super) const BOX_WIDTH: i32 = 168;
pub(super) const BOX_HEIGHT: i32 = 40;
const COLUMN: i32 = BOX_WIDTH + 58;
const ROW: i32 = BOX_HEIGHT + 14;
/// An arrow that passes a column needs less room than a box.
const LANE: i32 = 14;
const MARGIN: i32 = 30;
/// Beyond so many bends, long arrows are drawn straight.
const MAX_BENDS: usize = 4_000;
const SWEEPS: usize = 12;

/// A finished layout.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    /// By vertex, the left upper corner.
    pub(super) boxes: Vec<(i32, i32)>,
    /// By pair, in the order in which they were given: the points that its arrow passes between its ends, from source to target, and
    /// whether it points to the left.
    pub(super) ways: Vec<(Vec<(i32, i32)>, bool)>,
}

/// Lays out `vertices` with one arrow a pair. What has no arrow stands in rows below the others.
pub(super) fn lay_out(vertices: usize, pairs: &[(usize, usize)]) -> Layout {
    let mut place = vec![usize::MAX; vertices];
    for (a, b) in pairs {
        (place[*a], place[*b]) = (0, 0);
    }
    let (joined, alone): (Vec<usize>, Vec<usize>) =
        (0..vertices).partition(|vertex| place[*vertex] == 0);
    for (at, vertex) in joined.iter().enumerate() {
        place[*vertex] = at;
    }
    let renumbered: Vec<(usize, usize)> =
        pairs.iter().map(|(a, b)| (place[*a], place[*b])).collect();
    let mut layout = lay_out_joined(joined.len(), &renumbered);
    let mut boxes = vec![(0, 0); vertices];
    for (vertex, at) in joined.iter().zip(&layout.boxes) {
        boxes[*vertex] = *at;
    }
    if !alone.is_empty() {
        let columns = ((layout.width - 2 * MARGIN + COLUMN - BOX_WIDTH) / COLUMN).max(5);
        let top = if joined.is_empty() {
            MARGIN
        } else {
            layout.height
        };
        for (at, vertex) in (0..).zip(&alone) {
            boxes[*vertex] = (MARGIN + at % columns * COLUMN, top + at / columns * ROW);
        }
        let rows = (alone.len() as i32 + columns - 1) / columns;
        layout.width = layout
            .width
            .max(2 * MARGIN + columns * COLUMN - (COLUMN - BOX_WIDTH));
        layout.height = top + rows * ROW + MARGIN;
    }
    layout.boxes = boxes;
    layout
}

fn lay_out_joined(vertices: usize, pairs: &[(usize, usize)]) -> Layout {
    let turned = back_edges(vertices, pairs);
    // All pairs point to the right from here on.
    let right: Vec<(usize, usize)> = pairs
        .iter()
        .zip(&turned)
        .map(|((a, b), turned)| if *turned { (*b, *a) } else { (*a, *b) })
        .collect();
    let layers = layers(vertices, &right);
    let mut board = Board::new(vertices, &right, &layers);
    board.reduce_crossings();
    board.place();
    board.finish(vertices, &turned)
}

fn rows(vertices: usize, pairs: &[(usize, usize)]) -> Csr {
    let mut sorted: Vec<(u32, u32)> = pairs.iter().map(|(a, b)| (*a as u32, *b as u32)).collect();
    sorted.sort_unstable();
    let mut offsets = vec![0u32; vertices + 1];
    for (source, _) in &sorted {
        offsets[*source as usize + 1] += 1;
    }
    for at in 1..=vertices {
        offsets[at] += offsets[at - 1];
    }
    Csr {
        offsets,
        targets: sorted.into_iter().map(|pair| pair.1).collect(),
    }
}

/// Which pairs must be turned round so that no cycle is left: those that lead back on the path of a depth-first search. It starts where
/// nothing points to, so that as few as possible are turned.
fn back_edges(vertices: usize, pairs: &[(usize, usize)]) -> Vec<bool> {
    let graph = rows(vertices, pairs);
    let mut entered = vec![0usize; vertices];
    for target in &graph.targets {
        entered[*target as usize] += 1;
    }
    let mut starts: Vec<usize> = (0..vertices).collect();
    starts.sort_by_key(|vertex| entered[*vertex] > 0);
    // 0 new, 1 on the path, 2 done.
    let mut marks = vec![0u8; vertices];
    let mut next: Vec<u32> = graph.offsets[..vertices].to_vec();
    let mut back = std::collections::BTreeSet::new();
    let mut path = Vec::new();
    for start in starts {
        if marks[start] != 0 {
            continue;
        }
        marks[start] = 1;
        path.push(start);
        while let Some(vertex) = path.last().copied() {
            let at = next[vertex] as usize;
            if at == graph.range(vertex).end {
                marks[vertex] = 2;
                path.pop();
                continue;
            }
            next[vertex] += 1;
            let target = graph.targets[at] as usize;
            match marks[target] {
                0 => {
                    marks[target] = 1;
                    path.push(target);
                }
                1 => {
                    back.insert((vertex, target));
                }
                _ => {}
            }
        }
    }
    pairs.iter().map(|pair| back.contains(pair)).collect()
}

/// Longest paths from the left; then what nothing points to moves next to what it points to.
fn layers(vertices: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let graph = rows(vertices, pairs);
    let mut waiting = vec![0usize; vertices];
    for target in &graph.targets {
        waiting[*target as usize] += 1;
    }
    let sources: Vec<usize> = (0..vertices)
        .filter(|vertex| waiting[*vertex] == 0)
        .collect();
    let mut queue = sources.clone();
    let mut layers = vec![0usize; vertices];
    let mut at = 0;
    while let Some(vertex) = queue.get(at).copied() {
        at += 1;
        for target in graph.of(vertex) {
            let target = *target as usize;
            layers[target] = layers[target].max(layers[vertex] + 1);
            waiting[target] -= 1;
            if waiting[target] == 0 {
                queue.push(target);
            }
        }
    }
    for source in sources {
        let nearest = graph
            .of(source)
            .iter()
            .map(|target| layers[*target as usize])
            .min();
        layers[source] = nearest.map_or(0, |layer| layer.saturating_sub(1));
    }
    layers
}

/// Boxes and bends in columns. The first items are the vertices, the others are bends.
struct Board {
    columns: Vec<Vec<usize>>,
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
    y: Vec<i32>,
    vertices: usize,
    /// By pair its bends, from left to right.
    bends: Vec<Vec<usize>>,
    column_of: Vec<usize>,
}

impl Board {
    fn new(vertices: usize, pairs: &[(usize, usize)], layers: &[usize]) -> Self {
        let count = layers.iter().max().map_or(0, |last| last + 1);
        let mut board = Self {
            columns: vec![Vec::new(); count],
            left: vec![Vec::new(); vertices],
            right: vec![Vec::new(); vertices],
            y: Vec::new(),
            vertices,
            bends: Vec::with_capacity(pairs.len()),
            column_of: layers.to_vec(),
        };
        for (vertex, layer) in layers.iter().enumerate() {
            board.columns[*layer].push(vertex);
        }
        let needed: usize = pairs
            .iter()
            .map(|(a, b)| layers[*b].saturating_sub(layers[*a] + 1))
            .sum();
        for (a, b) in pairs {
            let mut bends = Vec::new();
            let mut from = *a;
            if needed <= MAX_BENDS {
                for column in layers[*a] + 1..layers[*b] {
                    let bend = board.left.len();
                    board.left.push(Vec::new());
                    board.right.push(Vec::new());
                    board.column_of.push(column);
                    board.columns[column].push(bend);
                    board.join(from, bend);
                    bends.push(bend);
                    from = bend;
                }
            }
            if a != b {
                board.join(from, *b);
            }
            board.bends.push(bends);
        }
        board
    }

    fn join(&mut self, from: usize, to: usize) {
        self.right[from].push(to);
        self.left[to].push(from);
    }

    /// Sorts each column by the mean place of its items' neighbours, to and fro.
    fn reduce_crossings(&mut self) {
        let mut place = vec![0u64; self.left.len()];
        let number = |column: &[usize], place: &mut [u64]| {
            for (at, item) in column.iter().enumerate() {
                place[*item] = at as u64;
            }
        };
        for column in &self.columns {
            number(column, &mut place);
        }
        for sweep in 0..SWEEPS {
            let forward = sweep % 2 == 0;
            let neighbours = if forward { &self.left } else { &self.right };
            let count = self.columns.len();
            for step in 0..count {
                let column = &mut self.columns[if forward { step } else { count - 1 - step }];
                let mean = |item: &usize| {
                    let near = &neighbours[*item];
                    match near.len() as u64 {
                        0 => place[*item] * 1024,
                        degree => {
                            near.iter().map(|other| place[*other]).sum::<u64>() * 1024 / degree
                        }
                    }
                };
                let mut keyed: Vec<(u64, usize)> =
                    column.iter().map(|item| (mean(item), *item)).collect();
                keyed.sort_by_key(|(mean, _)| *mean);
                for (slot, (_, item)) in column.iter_mut().zip(keyed) {
                    *slot = item;
                }
                number(column, &mut place);
            }
        }
    }

    fn room(&self, item: usize) -> i32 {
        if item < self.vertices { ROW } else { LANE }
    }

    /// Moves items towards their neighbours, as far as order and room allow.
    fn place(&mut self) {
        self.y = vec![0; self.left.len()];
        for column in &self.columns {
            let mut y = 0;
            for item in column {
                y += self.room(*item);
                self.y[*item] = y - self.room(*item) / 2;
            }
        }
        let tallest = self
            .columns
            .iter()
            .map(|column| self.height(column))
            .max()
            .unwrap_or(0);
        for column in &self.columns {
            let shift = (tallest - self.height(column)) / 2;
            for item in column {
                self.y[*item] += shift;
            }
        }
        for sweep in 0..SWEEPS {
            let count = self.columns.len();
            for step in 0..count {
                let at = if sweep % 2 == 0 {
                    step
                } else {
                    count - 1 - step
                };
                self.settle(at);
            }
        }
    }

    fn height(&self, column: &[usize]) -> i32 {
        column.iter().map(|item| self.room(*item)).sum()
    }

    /// The places of one column that are nearest, in the mean square, to where its items' neighbours are (pool adjacent violators).
    fn settle(&mut self, column: usize) {
        let column = &self.columns[column];
        // Wishes, less the room that the items above need: these may not decrease.
        let mut pools: Vec<(i64, i64)> = Vec::new();
        let mut above = 0;
        for item in column {
            let near = self.left[*item].iter().chain(&self.right[*item]);
            let count = near.clone().count() as i64;
            let wish = match count {
                0 => i64::from(self.y[*item]),
                _ => near.map(|other| i64::from(self.y[*other])).sum::<i64>() / count,
            };
            above += i64::from(self.room(*item));
            let mut pool = (wish - above + i64::from(self.room(*item)) / 2, 1);
            while let Some((sum, size)) = pools.pop_if(|last| last.0 * pool.1 > pool.0 * last.1) {
                pool = (pool.0 + sum, pool.1 + size);
            }
            pools.push(pool);
        }
        let mut above = 0;
        let mut items = column.iter();
        for (sum, size) in pools {
            for item in items.by_ref().take(size as usize) {
                let room = i64::from(if *item < self.vertices { ROW } else { LANE });
                above += room;
                self.y[*item] = (sum / size + above - room / 2) as i32;
            }
        }
    }

    fn finish(self, vertices: usize, turned: &[bool]) -> Layout {
        let top = self.y.iter().min().copied().unwrap_or(0) - ROW / 2;
        let bottom = self.y.iter().max().copied().unwrap_or(0) + ROW / 2;
        let x_of = |item: usize| MARGIN + self.column_of[item] as i32 * COLUMN;
        let y_of = |item: usize| self.y[item] - top + MARGIN;
        let boxes = (0..vertices)
            .map(|vertex| (x_of(vertex), y_of(vertex) - BOX_HEIGHT / 2))
            .collect();
        let ways = self
            .bends
            .iter()
            .zip(turned)
            .map(|(bends, turned)| {
                // A bend takes the whole width of its column, so that the arrow passes between the boxes.
                let mut points: Vec<(i32, i32)> = bends
                    .iter()
                    .flat_map(|bend| {
                        [
                            (x_of(*bend), y_of(*bend)),
                            (x_of(*bend) + BOX_WIDTH, y_of(*bend)),
                        ]
                    })
                    .collect();
                if *turned {
                    points.reverse();
                }
                (points, *turned)
            })
            .collect();
        let columns = self.columns.len().max(1) as i32;
        Layout {
            width: 2 * MARGIN + columns * COLUMN - (COLUMN - BOX_WIDTH),
            height: bottom - top + 2 * MARGIN,
            boxes,
            ways,
        }
    }
}
