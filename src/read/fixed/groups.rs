//! Things that belong together, joined pair by pair.

/// Things that belong together (a disjoint-set forest).
pub(super) struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    pub(super) fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    fn parent(&self, of: usize) -> usize {
        self.parents.get(of).copied().unwrap_or(of)
    }

    pub(super) fn of(&mut self, mut one: usize) -> usize {
        while self.parent(one) != one {
            let above = self.parent(self.parent(one));
            if let Some(parent) = self.parents.get_mut(one) {
                *parent = above;
            }
            one = above;
        }
        one
    }

    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.of(one), self.of(other));
        if let Some(parent) = self.parents.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }
}
