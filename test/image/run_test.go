package image

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/copilotkit-go/runtime/core/store/storetest/freeport"
	"github.com/copilotkit-go/runtime/test/platformtest"
)

// nobody is the image's user.
const nobody = 65532

// command returns the entry point with arguments, in a root that is the image's, as a user
// without capabilities, and with the environment of the image and no other.
func (i *image) command(user, group uint32, arguments []string, env ...string) *exec.Cmd {
	command := exec.Command(i.config.Config.Entrypoint[0], arguments...)
	command.Dir = "/"
	command.Env = append(append([]string{}, i.config.Config.Env...), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: i.files}
	if os.Getuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: group}
		return command
	}
	// Who isn't root may change the root in a namespace of users of their own.
	command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
	command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(user), HostID: os.Getuid(), Size: 1}}
	command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(group), HostID: os.Getgid(), Size: 1}}
	return command
}

// start serves as a container of the image does.
func (i *image) start(t testing.TB, env []string) *platformtest.Deployment {
	t.Helper()
	return i.startAs(t, nobody, nobody, env)
}

func (i *image) startAs(t testing.TB, user, group uint32, env []string) *platformtest.Deployment {
	t.Helper()
	port := freeport.Take(t)
	return platformtest.StartCommand(t, i.command(user, group, i.config.Config.Cmd, append([]string{"PORT=" + port}, env...)...), port)
}

// run runs a command of the image to its end, and returns what it printed.
func (i *image) run(t testing.TB, arguments []string, env ...string) (out, messages string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := i.command(nobody, nobody, arguments, env...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %v: %v", arguments, err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// readOnly takes away from everybody the right to write anywhere in the image, which is
// what a read-only root is to a user without capabilities.
func (i *image) readOnly(t testing.TB) *image {
	t.Helper()
	for _, folder := range []string{"tmp", "data"} {
		if err := os.Chmod(filepath.Join(i.files, folder), 0o555); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

func TestTheServerInTheImage(t *testing.T) {
	t.Parallel()
	i := build(t).readOnly(t)
	platformtest.Run(t, platformtest.Artefact{Start: i.start, EndsUnbuilt: true})
}

func TestTheServerAnswersProbesAndTheHealthCommand(t *testing.T) {
	t.Parallel()
	i := build(t).readOnly(t)
	d := i.start(t, platformtest.NewModel(t, "unused").Env())
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready","runtime":"ok","model":"ok","store":"ok"}`} {
		if got := d.Do(t, "GET", path, "", nil); got.Status != 200 || string(got.Body) != want {
			t.Errorf("%s is answered with %d %s", path, got.Status, got.Body)
		}
	}
	port := d.URL[strings.LastIndex(d.URL, ":")+1:]
	if out, messages, code := i.run(t, []string{"health"}, "PORT="+port); code != 0 || !strings.Contains(out, `"status":"ready"`) {
		t.Errorf("health ends with %d, %q %q", code, out, messages)
	}
	d.Stop()
	if _, messages, code := i.run(t, []string{"health"}, "PORT="+port); code != 1 || !strings.Contains(messages, "connection refused") {
		t.Errorf("without a server health ends with %d, %q", code, messages)
	}
}

func TestRunsEndInGoodOrderWhenTheContainerIsStopped(t *testing.T) {
	t.Parallel()
	i := build(t).readOnly(t)
	for name, test := range map[string]struct {
		env      []string
		finishes bool
		last     platformtest.Event
	}{
		"a run that finishes in time":      {nil, true, platformtest.Event{Type: "RUN_FINISHED"}},
		"a run that there is no time for":  {[]string{"COPILOTKIT_SHUTDOWN_SECONDS=0"}, false, platformtest.Event{Type: "RUN_ERROR", Code: "SHUTDOWN"}},
		"a run while the container drains": {[]string{"COPILOTKIT_DRAIN_SECONDS=1", "COPILOTKIT_SHUTDOWN_SECONDS=0"}, true, platformtest.Event{Type: "RUN_FINISHED"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := platformtest.NewModel(t, "one two")
			held := model.Hold()
			defer held.Release()
			d := i.start(t, append(model.Env(), test.env...))
			run := d.StartRun(t, "thread-1")
			run.Until(t, "TEXT_MESSAGE_CONTENT")
			d.Terminate()
			if test.finishes {
				held.Release()
			}
			events := run.Rest(t)
			last := events[len(events)-1]
			if last.Type != test.last.Type || last.Code != test.last.Code {
				t.Errorf("the stream ends with %+v, want %+v", last, test.last)
			}
			if err := d.Await(); err != nil {
				t.Errorf("the container ends with %v\n%s", err, d.Log)
			}
		})
	}
}

func TestRunsAreClosedBeforeThePlatformCutsThemOff(t *testing.T) {
	t.Parallel()
	model := platformtest.NewModel(t, "never finished")
	held := model.Hold()
	defer held.Release()
	d := build(t).start(t, append(model.Env(), "COPILOTKIT_MAX_REQUEST_SECONDS=4"))
	events := d.StartRun(t, "thread-1").Rest(t)
	if last := events[len(events)-1]; last.Type != "RUN_ERROR" || last.Code != "DEADLINE_EXCEEDED" {
		t.Errorf("the stream ends with %+v", last)
	}
}

func TestWhatIsWrongWithTheEnvironmentEndsTheContainerWithItsName(t *testing.T) {
	t.Parallel()
	i := build(t).readOnly(t)
	for name, test := range map[string]struct {
		env  []string
		want string
	}{
		"nobody has said who may call": {[]string{"COPILOTKIT_MODEL=demo"}, "COPILOTKIT_AUTH: not set"},
		"a misspelt variable":          {[]string{"COPILOTKIT_AUTH=none", "COPILOTKIT_PROMT=x"}, "did you mean COPILOTKIT_PROMPT?"},
		"a missing key":                {[]string{"COPILOTKIT_AUTH=none"}, "OPENAI_API_KEY"},
		"an agent core with routes":    {[]string{"COPILOTKIT_AUTH=none", "COPILOTKIT_MODEL=demo", "COPILOTKIT_AGENTCORE=on", "COPILOTKIT_ENDPOINT=multi-route"}, "COPILOTKIT_ENDPOINT: with COPILOTKIT_AGENTCORE=on"},
	} {
		if _, messages, code := i.run(t, []string{"serve"}, append(test.env, "PORT=0")...); code != 1 || !strings.Contains(messages, test.want) {
			t.Errorf("%s: it ends with %d and says %s", name, code, messages)
		}
	}
}

func TestAnyUserOfTheGroupZeroCanKeepThreadsInTheDataFolder(t *testing.T) {
	t.Parallel()
	i := build(t)
	if err := os.Chmod(filepath.Join(i.files, "tmp"), 0o555); err != nil {
		t.Fatal(err)
	}
	for _, user := range []struct{ id, group uint32 }{{nobody, nobody}, {1000680000, 0}} {
		model := platformtest.NewModel(t, "kept")
		env := append(model.Env(), "COPILOTKIT_STORE=sqlite:///data/threads.db")
		d := i.startAs(t, user.id, user.group, env)
		if events := d.StartRun(t, "thread-1").Rest(t); events[len(events)-1].Type != "RUN_FINISHED" {
			t.Errorf("as %d the run ends with %+v", user.id, events[len(events)-1])
		}
		d.Terminate()
		if err := d.Await(); err != nil {
			t.Fatal(err)
		}
		d = i.startAs(t, user.id, user.group, env)
		response := d.Do(t, "GET", platformtest.BasePath+"/agent/default/connect?threadId=thread-1", "", nil)
		if !strings.Contains(string(response.Body), "kept") {
			t.Errorf("as %d the next container knows of the thread %s", user.id, response.Body)
		}
		d.Stop()
		for _, file := range []string{"threads.db", "threads.db-wal", "threads.db-shm"} {
			if err := os.Remove(filepath.Join(i.files, "data", file)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	}
}
