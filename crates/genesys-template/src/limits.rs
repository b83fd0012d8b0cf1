//! How much a template may cost.

/// Bounds of a template and of what it renders.
///
/// | bound | default |
/// | --- | --- |
/// | template text | 256 KiB |
/// | holes of one template | 1,000 |
/// | nesting of JSON, values in bare holes included | 50, as the platform's |
/// | output of one rendering, all parts of a request together | 1 MiB |
///
/// Work and memory are linear in the template, and in the values that it uses up to the bound on the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub(crate) template_bytes: usize,
    pub(crate) holes: usize,
    pub(crate) depth: usize,
    pub(crate) output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            template_bytes: 256 * 1024,
            holes: 1_000,
            depth: 50,
            output_bytes: 1024 * 1024,
        }
    }
}

impl Limits {
    /// Bounds the text of a template, in bytes.
    #[must_use]
    pub fn with_template_bytes(mut self, bytes: usize) -> Self {
        self.template_bytes = bytes;
        self
    }

    /// Bounds the holes of one template.
    #[must_use]
    pub fn with_holes(mut self, holes: usize) -> Self {
        self.holes = holes;
        self
    }

    /// Bounds how deep JSON nests: `{"a":[1]}` has a depth of two.
    #[must_use]
    pub fn with_depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Bounds what one rendering may give, in bytes.
    #[must_use]
    pub fn with_output_bytes(mut self, bytes: usize) -> Self {
        self.output_bytes = bytes;
        self
    }
}
