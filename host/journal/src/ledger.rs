//! The ledger: an RFC 6962 Merkle tree over the hashes of all records of a store, so that one root speaks for every record and a proof of a few hashes
//! for each of them.
//!
//! A leaf's data is the 32 bytes of a record's hash. Only the roots of the full subtrees are kept (the frontier): appending needs nothing else.

use lockstep_model::Digest;
use sha2::{Digest as _, Sha256};

/// Size and root of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct TreeHead {
    /// How many records.
    pub size: u64,
    /// The RFC 6962 root hash over the leaves, each the 32 bytes of a record's hash.
    pub root: Digest,
}

/// The roots of the full subtrees of a ledger: what it takes to append to it and to know its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for each bit set in `size`, the largest subtree first.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier of an empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a record by its hash.
    pub fn push(&mut self, record: &Digest) {
        self.push_leaf(leaf_hash(record));
    }

    fn push_leaf(&mut self, mut node: Digest) {
        // As many subtrees are completed as the size ends in ones.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = node_hash(&left, &node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root over all records so far.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else { return Digest(Sha256::digest([]).into()) };
        peaks.fold(*smallest, |right, left| node_hash(left, &right))
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// The subtrees' roots one after another: what a store keeps beside the size.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|peak| peak.0).collect()
    }

    /// What `to_bytes` gave; none when the length does not fit the size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (peaks, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && peaks.len() == size.count_ones() as usize).then(|| Self { size, peaks: peaks.iter().copied().map(Digest).collect() })
    }
}

/// The hash of a leaf: SHA-256 over a zero byte and the record's hash.
pub fn leaf_hash(record: &Digest) -> Digest {
    let mut input = [0; 33];
    input[1..].copy_from_slice(&record.0);
    Digest(Sha256::digest(input).into())
}

/// The hash of a node: SHA-256 over a one byte and both children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [1; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Digest(Sha256::digest(input).into())
}

/// The root over records given by their hashes.
pub fn root(records: &[Digest]) -> Digest {
    let mut frontier = Frontier::new();
    for record in records {
        frontier.push(record);
    }
    frontier.root()
}

/// RFC 9162, 2.1.3.1: what proves that record `index` is in the ledger of `records`, from the leaf's sibling upwards. None when it is not.
pub fn inclusion_proof(records: &[Digest], index: u64) -> Option<Vec<Digest>> {
    let mut index = usize::try_from(index).ok().filter(|index| *index < records.len())?;
    let mut range = records;
    let mut proof = Vec::new();
    while range.len() > 1 {
        let (left, right) = range.split_at(split(range.len()));
        if index < left.len() {
            proof.push(root(right));
            range = left;
        } else {
            proof.push(root(left));
            index -= left.len();
            range = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// RFC 9162, 2.1.3.2: whether `proof` shows that `record` stands at `index` in the ledger with that head.
pub fn verify_inclusion(head: &TreeHead, index: u64, record: &Digest, proof: &[Digest]) -> bool {
    if index >= head.size {
        return false;
    }
    let (mut node, mut last) = (index, head.size - 1);
    let mut hash = leaf_hash(record);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right sibling stands for itself on the levels above.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == head.root
}

/// RFC 9162, 2.1.4.1: what proves that the ledger of `records` begins with its first `old` ones. None when it is not that long, or `old` is 0.
pub fn consistency_proof(records: &[Digest], old: u64) -> Option<Vec<Digest>> {
    let mut old = usize::try_from(old).ok().filter(|old| (1..=records.len()).contains(old))?;
    let mut range = records;
    let mut proof = Vec::new();
    // Whether the old ledger is the left edge alone: its root is then known to the one who checks.
    let mut whole = true;
    while old < range.len() {
        let (left, right) = range.split_at(split(range.len()));
        if old <= left.len() {
            proof.push(root(right));
            range = left;
        } else {
            proof.push(root(left));
            old -= left.len();
            range = right;
            whole = false;
        }
    }
    if !whole {
        proof.push(root(range));
    }
    proof.reverse();
    Some(proof)
}

/// RFC 9162, 2.1.4.2: whether `proof` shows that the ledger with the head `new` begins with the one with the head `old`.
pub fn verify_consistency(old: &TreeHead, new: &TreeHead, proof: &[Digest]) -> bool {
    if old.size == 0 || old.size >= new.size {
        return old.size == new.size && old.root == new.root && proof.is_empty();
    }
    let known = old.size.is_power_of_two().then_some(old.root);
    let mut path = known.iter().chain(proof);
    let Some(first) = path.next() else { return false };
    let (mut node, mut last) = (old.size - 1, new.size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old_root, mut new_root) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_root = node_hash(sibling, &old_root);
            new_root = node_hash(sibling, &new_root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_root = node_hash(&new_root, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_root == old.root && new_root == new.root
}

/// The largest power of two smaller than `length`, which is at least 2.
fn split(length: usize) -> usize {
    1 << (length - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use lockstep_model::Digest;

    use super::Frontier;

    /// The example tree that implementations of RFC 6962 share, with its roots at sizes 1 to 8.
    #[test]
    fn the_roots_of_the_shared_example_come_out() {
        let leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in leaves.iter().zip(roots) {
            let mut data = vec![0];
            data.extend((0..leaf.len()).step_by(2).map(|at| u8::from_str_radix(&leaf[at..at + 2], 16).unwrap()));
            frontier.push_leaf(Digest::of(&data));
            assert_eq!(frontier.root().hex(), root);
        }
    }
}
