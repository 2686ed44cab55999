package image

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"encoding/pem"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	_ "golang.org/x/crypto/x509roots/fallback"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/copilotkit-go/runtime/test/platformtest"
)

func TestTheImageHasOneProgramAndSaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	i := build(t)
	var files []string
	err := fs.WalkDir(os.DirFS(i.files), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			t.Errorf("%s is neither a file nor a folder", path)
		}
		if err == nil && info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			t.Errorf("%s gives its user the rights of another", path)
		}
		files = append(files, path)
		return err
	})
	if want := []string{".", "copilotkit", "data", "etc", "etc/group", "etc/nsswitch.conf", "etc/passwd", "licences", "licences/LICENSE", "licences/third-party-licences.txt", "tmp"}; err != nil || !slices.Equal(files, want) {
		t.Errorf("it has %v (%v), want %v", files, err, want)
	}
	program, err := elf.Open(filepath.Join(i.files, "copilotkit"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("the program needs the libraries %v (%v), want none", libraries, err)
	}
	if most := int64(25_000_000); i.packed > most {
		t.Errorf("it has %d bytes, want %d at most", i.packed, most)
	}
	c := i.config.Config
	if _, exposed := c.ExposedPorts["8080/tcp"]; c.User != "65532:65532" || !exposed || i.config.OS != "linux" || i.config.Created != "2026-01-02T03:04:05Z" {
		t.Errorf("its configuration is %+v", i.config)
	}
	revision := c.Labels["org.opencontainers.image.revision"]
	if len(revision) != 40 || c.Labels["org.opencontainers.image.licenses"] != "MIT" || c.Labels["org.opencontainers.image.version"] == "" {
		t.Errorf("its labels are %v", c.Labels)
	}
	if out, messages, code := i.run(t, []string{"version"}); code != 0 || !strings.Contains(out, revision) {
		t.Errorf("version says %q %q", out, messages)
	}
}

func TestTheLicencesOfAllThatIsLinkedAreInTheImage(t *testing.T) {
	t.Parallel()
	i := build(t)
	text := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if own := filepath.Join(i.files, "licences", "LICENSE"); text(own) != text(filepath.Join(root, "LICENSE")) {
		t.Errorf("%s isn't the licence of this source", own)
	}
	others := text(filepath.Join(i.files, "licences", "third-party-licences.txt"))
	info, err := buildinfo.ReadFile(filepath.Join(i.files, "copilotkit"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range append(info.Deps, &debug.Module{Path: "stdlib", Version: strings.TrimPrefix(info.GoVersion, "go")}) {
		if !strings.Contains(others, "\n"+module.Path+"@"+module.Version+", LICEN") {
			t.Errorf("the licence of %s %s is missing", module.Path, module.Version)
		}
	}
}

func TestTwoImagesOfACommitAreTheSame(t *testing.T) {
	t.Parallel()
	dir := built(t)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := platformtest.Command(dir, nil, "git", "clone", "--quiet", "source", elsewhere); err != nil {
		t.Fatal(err)
	}
	// What a user has set by go env -w.
	settings := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(settings, []byte("GOFLAGS=-gcflags=-N\nGOAMD64=v3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := archiveOf(dir, elsewhere, "second.tar", []string{"GOFLAGS=", "GOENV=" + settings}); err != nil {
		t.Fatal(err)
	}
	var digests [][sha256.Size]byte
	for _, name := range []string{"image.tar", "second.tar"} {
		archive, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, sha256.Sum256(archive))
	}
	if digests[0] != digests[1] {
		t.Error("two images of one commit, in different folders and with other settings of Go's, differ")
	}
}

func TestTimeZonesAreInTheImage(t *testing.T) {
	t.Parallel()
	d := build(t).start(t, append(platformtest.NewModel(t, "unused").Env(), "TZ=Asia/Tokyo"))
	d.Log.Await(t, `+09:00"`)
}

func TestTheAuthoritiesOfTheWebAreInTheImage(t *testing.T) {
	t.Parallel()
	info, err := buildinfo.ReadFile(filepath.Join(build(t).files, "copilotkit"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == "golang.org/x/crypto/x509roots/fallback" }) {
		t.Error("the program has no certificates of its own")
	}
	// What it has is what this test has, in a process that finds none on the machine.
	if os.Getenv("SSL_CERT_DIR") != "/nowhere" {
		err := platformtest.Command(".", []string{"SSL_CERT_DIR=/nowhere", "SSL_CERT_FILE=/nowhere"}, os.Args[0], "-test.run=^TestAuthoritiesVerifyChains$")
		if err != nil {
			t.Error(err)
		}
	}
}

// It is of use where the machine has no certificates, and right everywhere.
func TestAuthoritiesVerifyChains(t *testing.T) {
	count := 0
	for authority := range bundle.Roots() {
		certificate, err := x509.ParseCertificate(authority.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if authority.Constraint != nil {
			continue
		}
		count++
		if _, err := certificate.Verify(x509.VerifyOptions{CurrentTime: certificate.NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil && os.Getenv("SSL_CERT_DIR") == "/nowhere" {
			t.Errorf("%s: %v", certificate.Subject, err)
		}
	}
	if count < 50 {
		t.Errorf("there are %d authorities", count)
	}
}

func TestAnAuthorityOfOnesOwnIsAFile(t *testing.T) {
	t.Parallel()
	i := build(t)
	model := platformtest.NewModel(t, "over TLS")
	server := httptest.NewUnstartedServer(model)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	env := append(model.Env(), "OPENAI_BASE_URL="+server.URL+"/v1")

	d := i.start(t, env)
	if events := d.StartRun(t, "thread-1").Rest(t); events[len(events)-1].Type != "RUN_ERROR" {
		t.Errorf("the run ends with %+v", events[len(events)-1])
	}
	d.Log.Await(t, x509.UnknownAuthorityError{}.Error())

	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(i.files, "tmp", "own.pem"), certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	d = i.start(t, append(env, "SSL_CERT_FILE=/tmp/own.pem"))
	if events := d.StartRun(t, "thread-1").Rest(t); platformtest.Text(events) != "over TLS" {
		t.Errorf("the run is %+v\n%s", events, d.Log)
	}
}

func TestAgentCoreCallsTheContainer(t *testing.T) {
	t.Parallel()
	i := build(t).readOnly(t)
	model := platformtest.NewModel(t, "for a session")
	held := model.Hold()
	defer held.Release()
	d := i.start(t, append(model.Env(), "COPILOTKIT_AGENTCORE=on"))
	ping := func() string { return string(d.Do(t, "GET", "/ping", "", nil).Body) }
	if got := ping(); !strings.HasPrefix(got, `{"status":"Healthy","time_of_last_update":`) {
		t.Errorf("at first /ping says %s", got)
	}
	run := d.Stream(t, "/invocations", platformtest.RunInput("thread-1", "hi"))
	events := run.Until(t, "TEXT_MESSAGE_CONTENT")
	if got := ping(); !strings.HasPrefix(got, `{"status":"HealthyBusy",`) {
		t.Errorf("during a run /ping says %s", got)
	}
	held.Release()
	if got := platformtest.Text(append(events, run.Rest(t)...)); got != "for a session" {
		t.Errorf("the answer is %q", got)
	}
	info := d.Do(t, "POST", "/invocations", `{"method":"info"}`, http.Header{"Content-Type": {"application/json"}})
	if info.Status != http.StatusOK || !strings.Contains(string(info.Body), `"mode":"sse"`) {
		t.Errorf("info is %d %s", info.Status, info.Body)
	}
}
