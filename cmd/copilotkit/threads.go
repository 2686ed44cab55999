package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/core/bundle"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/transfer"
)

const threadsUsage = `  copilotkit threads export [--store ADDRESS] [--owner OWNER]… > FILE
  copilotkit threads import [--store ADDRESS] < FILE
  copilotkit threads copy --from ADDRESS --to ADDRESS [--owner OWNER]…

They move threads from one store to another: all, or those of the owners. An address is
what COPILOTKIT_STORE may be; without --store it is the value of that variable, which
keeps a password out of the list of processes.

Threads are moved whole: an import that was interrupted is done again, and passes over
what is there already. The same brings what has changed since an earlier move. A run that
is live isn't moved until it has finished. What users have spent stays behind.

The exit code is 1 if something failed or a thread was refused, and 2 if the arguments are
wrong.
`

// threads moves threads, and returns the exit code.
func threads(ctx context.Context, args []string, s streams) int {
	commands := map[string]func(context.Context, []string, streams) error{
		"export": exportThreads, "import": importThreads, "copy": copyThreads,
	}
	var do func(context.Context, []string, streams) error
	if len(args) > 0 {
		do = commands[args[0]]
	}
	if do == nil {
		return misused(s, "threads", "it wants export, import or copy")
	}
	switch err := do(ctx, args[1:], s); {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	default:
		fmt.Fprintln(s.err, "copilotkit:", err)
		return 1
	}
}

func exportThreads(ctx context.Context, args []string, s streams) error {
	flags := newFlags("threads export", s)
	address := flags.String("store", os.Getenv("COPILOTKIT_STORE"), "")
	owners := flags.owners()
	if err := flags.parse(args, "store"); err != nil {
		return err
	}
	from, err := openSource(ctx, *address)
	if err != nil {
		return err
	}
	p := newProgress(s.err, "exported")
	summary, err := transfer.Export(ctx, s.out, from, transfer.Options{Owners: *owners, Report: p.report})
	// A disk may say only now that it is full.
	return p.end(summary, errors.Join(err, s.out.Close(), from.Close()))
}

func importThreads(ctx context.Context, args []string, s streams) error {
	flags := newFlags("threads import", s)
	address := flags.String("store", os.Getenv("COPILOTKIT_STORE"), "")
	if err := flags.parse(args, "store"); err != nil {
		return err
	}
	to, err := openStore(ctx, *address)
	if err != nil {
		return err
	}
	p := newProgress(s.err, "imported")
	summary, err := transfer.Import(ctx, to, s.in, transfer.Options{Report: p.report})
	return p.end(summary, errors.Join(err, to.Close()))
}

func copyThreads(ctx context.Context, args []string, s streams) error {
	flags := newFlags("threads copy", s)
	source, target := flags.String("from", "", ""), flags.String("to", "", "")
	owners := flags.owners()
	if err := flags.parse(args, "from", "to"); err != nil {
		return err
	}
	from, err := openSource(ctx, *source)
	if err != nil {
		return err
	}
	to, err := openStore(ctx, *target)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	p := newProgress(s.err, "copied")
	summary, err := transfer.Copy(ctx, from, to, transfer.Options{Owners: *owners, Report: p.report})
	return p.end(summary, errors.Join(err, from.Close(), to.Close()))
}

// owners adds a flag that may be given several times. Without it the list is nil.
func (f *flags) owners() *[]string {
	var owners []string
	f.Func("owner", "", func(value string) error {
		owners = append(owners, value)
		return nil
	})
	return &owners
}

// openStore opens a store that keeps threads.
func openStore(ctx context.Context, address string) (store.Store, error) {
	if address == "memory" {
		return nil, errors.New("threads in memory are those of the process that has them: name another store")
	}
	return bundle.StoreAt(ctx, address, withSQLite(), withDynamoDB(slog.Default()))
}

// openSource opens a store that must be there already: a mistyped address would make an
// empty one.
func openSource(ctx context.Context, address string) (store.Store, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "sqlite" && u.Scheme != "dynamodb" {
		return openStore(ctx, address)
	}
	query := u.Query()
	query.Set("create", "false")
	u.RawQuery = query.Encode()
	return openStore(ctx, u.String())
}

// progress tells the user how far it is.
type progress struct {
	out     io.Writer
	did     string
	begun   time.Time
	told    time.Time
	threads int
	records int
}

// progressInterval is the time between two lines about how far it is.
const progressInterval = 2 * time.Second

func newProgress(out io.Writer, did string) *progress {
	now := time.Now()
	return &progress{out: out, did: did, begun: now, told: now}
}

func (p *progress) report(r transfer.Report) {
	p.threads++
	p.records += r.Records
	if r.Note != "" {
		fmt.Fprintf(p.out, "thread %q of owner %q: %s\n", r.Key.ID, r.Key.Owner, r.Note)
	}
	if now := time.Now(); now.Sub(p.told) >= progressInterval {
		p.told = now
		fmt.Fprintf(p.out, "%d threads, %d records\n", p.threads, p.records)
	}
}

// end writes what was done, and returns an error if not all was.
func (p *progress) end(summary transfer.Summary, err error) error {
	done := []string{fmt.Sprintf("%s %d threads", p.did, summary.Threads[transfer.Moved])}
	for _, more := range []struct {
		outcome transfer.Outcome
		format  string
	}{
		{transfer.Extended, "brought %d up to date"},
		{transfer.Present, "passed over %d that are there already"},
		{transfer.Empty, "left %d that have just begun"},
		{transfer.Expired, "left %d that are older than what the store keeps"},
		{transfer.Refused, "refused %d"},
	} {
		if n := summary.Threads[more.outcome]; n > 0 {
			done = append(done, fmt.Sprintf(more.format, n))
		}
	}
	fmt.Fprintf(p.out, "%s; %d records in %v\n", strings.Join(done, ", "), summary.Records, time.Since(p.begun).Round(time.Millisecond))
	if refused := summary.Threads[transfer.Refused]; err == nil && refused > 0 {
		err = fmt.Errorf("%d threads were refused", refused)
	}
	return err
}
