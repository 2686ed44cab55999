package redis

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/internal/cursor"
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
// with the same time the ones with greater owners, then those with greater ids.
type place struct {
	at        int64
	owner, id string
}

func (p place) key() store.Key { return store.Key{Owner: p.owner, ID: p.id} }

func (p place) isBehind(other place) bool { return comparePlaces(p, other) > 0 }

// comparePlaces orders a list.
func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(b.at, a.at), strings.Compare(b.owner, a.owner), strings.Compare(b.id, a.id))
}

// cursor returns the cursor that names the place behind this one.
func (p place) cursor(query store.Query) string {
	if query.AllOwners {
		return cursor.EncodeKey(p.at, p.key())
	}
	return cursor.Encode(p.at, p.id)
}

// parsePlace returns the place that the query's cursor names, nil for none.
func parsePlace(query store.Query) (*place, error) {
	if query.Cursor == "" {
		return nil, nil
	}
	if query.AllOwners {
		at, key, err := cursor.ParseKey(query.Cursor)
		return &place{at, key.Owner, key.ID}, err
	}
	at, id, err := cursor.Parse(query.Cursor)
	return &place{at, query.Owner, id}, err
}

const placesPerRead = 100

// placesBehind returns the places of an owner's threads behind from, or the first ones
// when it is nil, and reports whether there may be more.
func (s *Store) placesBehind(ctx context.Context, owner string, from *place) ([]place, bool, error) {
	// Threads of the same microsecond can fill more than one reading.
	for offset := int64(0); ; offset += placesPerRead {
		members, err := s.client.ZRangeArgsWithScores(ctx, s.indexRange(owner, from, offset)).Result()
		if err != nil {
			return nil, false, err
		}
		places, more := parsePlaces(members, owner, from), len(members) == placesPerRead
		if len(places) > 0 || !more {
			return places, more, nil
		}
	}
}

// placesOfAll returns the places of several owners' threads behind from, in order, and
// reports whether there may be more.
func (s *Store) placesOfAll(ctx context.Context, owners []string, from *place) (all []place, more bool, err error) {
	if len(owners) == 1 {
		return s.placesBehind(ctx, owners[0], from)
	}
	// What comes behind end may come behind what wasn't read.
	var end *place
	for owners := range slices.Chunk(owners, placesPerRead) {
		commands := make([]*goredis.ZSliceCmd, len(owners))
		_, err := s.client.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for i, owner := range owners {
				commands[i] = p.ZRangeArgsWithScores(ctx, s.indexRange(owner, from, 0))
			}
			return nil
		})
		if err != nil {
			return nil, false, err
		}
		for i, owner := range owners {
			members := commands[i].Val()
			places, unread := parsePlaces(members, owner, from), len(members) == placesPerRead
			if unread && len(places) == 0 {
				if places, unread, err = s.placesBehind(ctx, owner, from); err != nil {
					return nil, false, err
				}
			}
			if n := len(places); unread && (end == nil || end.isBehind(places[n-1])) {
				end = &places[n-1]
			}
			all = append(all, places...)
		}
	}
	slices.SortFunc(all, comparePlaces)
	if end != nil {
		n, _ := slices.BinarySearchFunc(all, *end, comparePlaces)
		all = all[:n+1]
	}
	return all, end != nil, nil
}

// indexRange returns the arguments that read an owner's places.
func (s *Store) indexRange(owner string, from *place, offset int64) goredis.ZRangeArgs {
	highest := "+inf"
	if from != nil {
		highest = strconv.FormatInt(from.at, 10)
	}
	return goredis.ZRangeArgs{
		Key: s.keys(store.Key{Owner: owner}).index, Start: highest, Stop: "-inf", ByScore: true, Rev: true,
		Offset: offset, Count: placesPerRead,
	}
}

// parsePlaces returns those of an owner's places that are behind from.
func parsePlaces(members []goredis.Z, owner string, from *place) []place {
	places := make([]place, 0, len(members))
	for _, member := range members {
		id, _ := member.Member.(string)
		if p := (place{int64(member.Score), owner, id}); from == nil || p.isBehind(*from) {
			places = append(places, p)
		}
	}
	return places
}

// owners returns who has threads.
func (s *Store) owners(ctx context.Context) ([]string, error) {
	begin := s.prefix + "threads:"
	var mu sync.Mutex
	found := make(map[string]bool) // a scan may find a key twice
	scan := func(ctx context.Context, client goredis.UniversalClient) error {
		keys := client.Scan(ctx, 0, globEscapes.Replace(begin)+"*", keysPerScan).Iterator()
		for keys.Next(ctx) {
			owner, err := url.QueryUnescape(strings.TrimPrefix(keys.Val(), begin))
			if err != nil {
				continue // another program's
			}
			mu.Lock()
			found[owner] = true
			mu.Unlock()
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := s.client.(*goredis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return scan(ctx, node) })
	} else {
		err = scan(ctx, s.client)
	}
	return slices.Sorted(maps.Keys(found)), err
}

// keysPerScan is how many keys the server looks at before it answers others.
const keysPerScan = 1000

// globEscapes escapes what isn't literal in a pattern of keys.
var globEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`)
