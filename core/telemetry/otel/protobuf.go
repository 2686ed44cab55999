package otel

import (
	"encoding/binary"
	"math"
	"slices"
)

// What follows encodes OTLP's messages as protobuf. The official module takes five
// megabytes with what it needs; there are a dozen messages, which only grow.

// The wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

func appendTag(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field)<<3|uint64(wire))
}

// appendUint appends a field that is a varint. Like all fields here that are zero it is
// left out, as proto3 has it.
func appendUint(b []byte, field int, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, wireVarint), n)
}

func appendFixed64(b []byte, field int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(appendTag(b, field, wireFixed64), n)
}

func appendFixed32(b []byte, field int, n uint32) []byte {
	return binary.LittleEndian.AppendUint32(appendTag(b, field, wireFixed32), n)
}

func appendDouble(b []byte, field int, n float64) []byte {
	return appendFixed64(b, field, math.Float64bits(n))
}

func appendBytes[T []byte | string](b []byte, field int, data T) []byte {
	if len(data) == 0 {
		return b
	}
	b = binary.AppendUvarint(appendTag(b, field, wireBytes), uint64(len(data)))
	return append(b, data...)
}

// appendMessage appends a message within a message. Unlike other fields it is there even
// if it is empty.
func appendMessage(b []byte, field int, content func([]byte) []byte) []byte {
	b = appendTag(b, field, wireBytes)
	start := len(b)
	b = content(b)
	var length [binary.MaxVarintLen64]byte
	return slices.Insert(b, start, length[:binary.PutUvarint(length[:], uint64(len(b)-start))]...)
}

// appendPacked appends a field of fixed numbers.
func appendPacked(b []byte, field int, numbers []uint64) []byte {
	b = binary.AppendUvarint(appendTag(b, field, wireBytes), uint64(8*len(numbers)))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	return b
}

// varintSize returns how many bytes a varint takes.
func varintSize(n int) int {
	size := 1
	for n >= 1<<7 {
		n >>= 7
		size++
	}
	return size
}

// appendAttribute appends a KeyValue.
func appendAttribute(b []byte, field int, a *attribute) []byte {
	var value int
	switch a.kind {
	case kindText:
		value = 1 + varintSize(len(a.text)) + len(a.text)
	case kindTexts:
		return appendTexts(b, field, a)
	case kindBool:
		value = 2
	case kindInt:
		value = 1 + uvarintSize(uint64(a.number))
	case kindFloat:
		value = 9
	}
	key := 1 + varintSize(len(a.key)) + len(a.key)
	b = binary.AppendUvarint(appendTag(b, field, wireBytes), uint64(key+1+varintSize(value)+value))
	b = appendBytes(b, 1, a.key)
	b = binary.AppendUvarint(appendTag(b, 2, wireBytes), uint64(value))
	switch a.kind {
	case kindText: // there even if it is empty, since it is one of several fields
		b = binary.AppendUvarint(appendTag(b, 1, wireBytes), uint64(len(a.text)))
		return append(b, a.text...)
	case kindBool:
		return binary.AppendUvarint(appendTag(b, 2, wireVarint), uint64(a.number))
	case kindInt:
		return binary.AppendUvarint(appendTag(b, 3, wireVarint), uint64(a.number))
	default:
		return appendDouble(b, 4, math.Float64frombits(uint64(a.number)))
	}
}

// appendTexts appends a KeyValue with a list of one text.
func appendTexts(b []byte, field int, a *attribute) []byte {
	return appendMessage(b, field, func(b []byte) []byte {
		b = appendBytes(b, 1, a.key)
		return appendMessage(b, 2, func(b []byte) []byte {
			return appendMessage(b, 5, func(b []byte) []byte {
				return appendMessage(b, 1, func(b []byte) []byte { return appendBytes(b, 1, a.text) })
			})
		})
	})
}

func uvarintSize(n uint64) int {
	size := 1
	for n >= 1<<7 {
		n >>= 7
		size++
	}
	return size
}
