package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/copilotkit-go/runtime/core/store"
)

// pollInterval is how soon a change of another process is seen. Looking costs
// some microseconds; changes of this process are seen at once.
const pollInterval = 25 * time.Millisecond

// idlePolls is for how many polls the watching goes on with nobody waiting: a
// follower comes back for every batch.
const idlePolls = 40

// watch wakes those who wait for changes of threads.
type watch struct {
	reader *sql.DB
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	mu       sync.Mutex
	topics   map[store.Key]*topic
	watching bool
}

// topic is a thread that somebody waits on, guarded by watch.mu.
type topic struct {
	key     store.Key
	waiting int
	// seen is the number of the last change that it was woken for.
	seen int64
	// changed is closed by the next change; lease only by one that may be about
	// the run's lease, which a run's own records are not.
	changed, lease chan struct{}
}

func newWatch(reader *sql.DB) *watch {
	w := &watch{reader: reader, topics: make(map[store.Key]*topic)}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// close wakes everybody, and waits for the goroutine.
func (w *watch) close() {
	w.mu.Lock()
	w.cancel()
	w.mu.Unlock()
	w.all()
	w.tasks.Wait()
}

func (w *watch) closed() bool { return w.ctx.Err() != nil }

// join begins to watch a thread, for changes from here on. leave ends it.
func (w *watch) join(ctx context.Context, key store.Key) (*topic, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed() {
		return nil, errClosed
	}
	if !w.watching {
		// What was before now the caller sees by reading.
		p, err := newPoll(ctx, w.reader)
		if err != nil {
			return nil, err
		}
		w.watching = true
		w.tasks.Go(func() { w.run(p) })
	}
	t := w.topics[key]
	if t == nil {
		t = &topic{key: key, changed: make(chan struct{}), lease: make(chan struct{})}
		w.topics[key] = t
	}
	t.waiting++
	return t, nil
}

func (w *watch) leave(t *topic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		delete(w.topics, t.key)
	}
}

// next returns the channels that the next change closes.
func (w *watch) next(t *topic) (changed, lease <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return t.changed, t.lease
}

// wrote wakes those who wait for a change that this process has made.
func (w *watch) wrote(key store.Key, number int64, lease bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.topics[key]; t != nil {
		t.wake(number, lease)
	}
}

// all wakes everybody.
func (w *watch) all() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.topics {
		t.wake(t.seen, true)
	}
}

func (t *topic) wake(number int64, lease bool) {
	t.seen = max(t.seen, number)
	close(t.changed)
	t.changed = make(chan struct{})
	if lease {
		close(t.lease)
		t.lease = make(chan struct{})
	}
}

// run looks for changes of other processes until nobody has waited for a while.
func (w *watch) run(p *poll) {
	defer p.conn.Close()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for idle := 0; ; {
		select {
		case <-w.ctx.Done():
			return
		case <-ticker.C:
		}
		w.mu.Lock()
		if idle++; len(w.topics) > 0 {
			idle = 0
		}
		if idle > idlePolls {
			w.watching = false
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		changes, everything := p.look(w.ctx)
		if everything {
			w.all()
		}
		for _, change := range changes {
			w.mu.Lock()
			if t := w.topics[change.key]; t != nil && t.seen < change.number {
				t.wake(change.number, true)
			}
			w.mu.Unlock()
		}
	}
}

// poll is up to where changes have been seen.
type poll struct {
	conn *sql.Conn
	// version changes when another connection has written anything; looking at it
	// is cheap.
	version, last int64
}

type change struct {
	key    store.Key
	number int64
}

func newPoll(ctx context.Context, reader *sql.DB) (*poll, error) {
	conn, err := reader.Conn(ctx)
	if err != nil {
		return nil, err
	}
	p := &poll{conn: conn}
	err = conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&p.version)
	if err == nil {
		err = conn.QueryRowContext(ctx, `SELECT last FROM changes`).Scan(&p.last)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return p, nil
}

// look returns the changes since the last look. It reports everything when
// threads were removed, or the file couldn't be read: then all must be woken.
func (p *poll) look(ctx context.Context) (changes []change, everything bool) {
	var version, last, removal int64
	if err := p.conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
		return nil, true
	}
	if version == p.version {
		return nil, false
	}
	if err := p.conn.QueryRowContext(ctx, `SELECT last, removal FROM changes`).Scan(&last, &removal); err != nil {
		return nil, true
	}
	rows, err := p.conn.QueryContext(ctx, `SELECT owner, thread, change FROM threads WHERE change > ?`, p.last)
	if err != nil {
		return nil, true
	}
	defer rows.Close()
	for rows.Next() {
		var c change
		if err := rows.Scan(&c.key.Owner, &c.key.ID, &c.number); err != nil {
			return nil, true
		}
		changes = append(changes, c)
	}
	if rows.Err() != nil {
		return nil, true
	}
	everything = removal > p.last
	p.version, p.last = version, last
	return changes, everything
}
