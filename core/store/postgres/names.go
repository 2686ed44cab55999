package postgres

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/copilotkit-go/runtime/core/store"
)

// uuid is the beginning of a hash, or random.
type uuid [16]byte

// hash returns what a string is looked up by. Strings may be longer than an index takes.
func hash(text string) uuid {
	sum := sha256.Sum256([]byte(text))
	return uuid(sum[:16])
}

// hashKey returns what a thread is looked up by.
func hashKey(key store.Key) uuid {
	// With the owner's length in front no two keys have the same text.
	text := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key.Owner)+len(key.ID)), uint64(len(key.Owner)))
	text = append(append(text, key.Owner...), key.ID...)
	sum := sha256.Sum256(text)
	return uuid(sum[:16])
}

func hashes(texts []string) []uuid {
	keys := make([]uuid, len(texts))
	for i, text := range texts {
		keys[i] = hash(text)
	}
	return keys
}

// names are what the tables and channels of a store are called.
type names struct {
	schema, prefix string
	// channel is what the names of its channels begin with. Channels belong to a
	// database, not to a schema.
	channel string
}

func newNames(schema, prefix string) names {
	id := hash(schema + "." + prefix)
	return names{schema: schema, prefix: prefix, channel: "copilotkit_" + hex.EncodeToString(id[:4]) + "_"}
}

// table returns the full name of a table.
func (n names) table(name string) string { return n.schema + "." + n.prefix + name }

// fill puts the names into a statement.
func (n names) fill(statement string) string {
	pairs := []string{"{prefix}", n.prefix, "{channel}", n.channel}
	for _, table := range []string{"threads", "blocks", "messages", "snapshots", "tickets", "usage", "version"} {
		pairs = append(pairs, "{"+table+"}", n.table(table))
	}
	return strings.NewReplacer(pairs...).Replace(statement)
}

// records and stops return the channels of a thread: for those who follow its run, and
// for the one that runs it. Statements build the same names.
func (n names) records(key uuid) string { return n.channel + "r" + hex.EncodeToString(key[:]) }
func (n names) stops(key uuid) string   { return n.channel + "s" + hex.EncodeToString(key[:]) }

// probe returns a channel that nobody else uses.
func (n names) probe() string {
	token := newToken()
	return n.channel + "p" + hex.EncodeToString(token[:])
}
