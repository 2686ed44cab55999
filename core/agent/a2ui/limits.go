package a2ui

// A model, or whoever speaks through it, can make a surface of any size. Ordinary ones
// have some kilobytes; what is beyond these limits is refused before it is drawn, and
// cut short after that.
const (
	// maxArguments is how many bytes of a call's arguments, or of a tool's result, are
	// looked at.
	maxArguments = 4 << 20
	// maxDepth is how deep they may nest.
	maxDepth = 100
	// maxComponents is how many components a surface may have, maxReferences how often
	// they may name one another, and maxItems how many items its list may have.
	maxComponents = 5000
	maxReferences = 50_000
	maxItems      = 50_000
	// maxID is how many bytes the ids of surfaces and catalogs may have.
	maxID = 4 << 10
	// maxSurfaces is how many surfaces a run may draw.
	maxSurfaces = 200
	// maxProblems is how many reasons for a refusal are told, maxMessage how many bytes
	// each of their texts may have.
	maxProblems = 100
	maxMessage  = 1000
)

// Each snapshot of a surface has all of it, so that one for each item of a long list
// would be as many bytes as the list squared. Up to freeSnapshots bytes of a run each
// item gets its own; beyond that a surface gets the next when it has grown by a
// fourth, so that all of its snapshots together are at most five times as long as the
// last one.
const freeSnapshots = 1 << 20
