package redis

import (
	"context"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// The list of an owner's threads is a sorted set, by the time of their last
// update in microseconds. Outside of a cluster the threads' own scripts keep it,
// in the same step. In a cluster it is in another slot, and is changed in a
// second step: what a crash leaves out, the thread's next run adds; what it
// leaves behind, a listing removes.

// addToList puts a thread at its place in the list. Outside of a cluster it does
// nothing.
func (s *Store) addToList(ctx context.Context, k keys, id, at string) error {
	if !s.cluster {
		return nil
	}
	score, err := parseTime(at)
	if err != nil {
		return err
	}
	_, err = s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
		// Only forward: the answers of two calls may come out of order.
		p.ZAddGT(ctx, k.index, goredis.Z{Score: float64(score), Member: id})
		if age := s.limits.Age; age > 0 {
			p.ZRemRangeByScore(ctx, k.index, "-inf", strconv.FormatInt(score-age.Microseconds(), 10))
			p.PExpire(ctx, k.index, age)
		}
		return nil
	})
	return err
}

// restoreInList puts a thread back at its former place in the list, or removes it
// if at is "". Outside of a cluster it does nothing.
func (s *Store) restoreInList(ctx context.Context, k keys, id, at string) error {
	if !s.cluster {
		return nil
	}
	if at == "" {
		return s.client.ZRem(ctx, k.index, id).Err()
	}
	score, err := parseTime(at)
	if err != nil {
		return err
	}
	return s.client.ZAddXX(ctx, k.index, goredis.Z{Score: float64(score), Member: id}).Err()
}

// place is a thread's place in the list: later ones come first, and of those
// with the same time the ones with greater ids.
type place struct {
	at int64
	id string
}

func (p place) isBehind(other place) bool {
	return p.at < other.at || p.at == other.at && p.id < other.id
}

const placesPerRead = 100

// placesBehind returns the places behind from, or the first ones when it is nil,
// and reports whether there may be more.
func (s *Store) placesBehind(ctx context.Context, index string, from *place) ([]place, bool, error) {
	highest := "+inf"
	if from != nil {
		highest = strconv.FormatInt(from.at, 10)
	}
	// Threads of the same microsecond can fill more than one reading.
	for offset := int64(0); ; offset += placesPerRead {
		members, err := s.client.ZRangeArgsWithScores(ctx, goredis.ZRangeArgs{
			Key: index, Start: highest, Stop: "-inf", ByScore: true, Rev: true, Offset: offset, Count: placesPerRead,
		}).Result()
		if err != nil {
			return nil, false, err
		}
		places := make([]place, 0, len(members))
		for _, member := range members {
			id, _ := member.Member.(string)
			if p := (place{int64(member.Score), id}); from == nil || p.isBehind(*from) {
				places = append(places, p)
			}
		}
		more := len(members) == placesPerRead
		if len(places) > 0 || !more {
			return places, more, nil
		}
	}
}
