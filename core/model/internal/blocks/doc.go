// Package blocks is what the protocols share whose messages are lists of content
// blocks: Anthropic's and Amazon Bedrock's. [Convert] makes alternating turns of a
// conversation, as these providers want it, and [Answer] makes deltas of the blocks of
// an answer.
package blocks
