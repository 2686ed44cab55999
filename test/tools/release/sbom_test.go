package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	spdx "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
)

// checkSBOM checks, with a reader of others, that the list beside a file names the file and
// everything that its program was built from, a library among it, with licences.
func checkSBOM(t *testing.T, name string, program []byte, library string) {
	t.Helper()
	text := read(t, name+".spdx.json")
	doc, err := spdx.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Fatal(err)
	}
	loseNothing(t, text, doc)
	described, err := spdxlib.GetDescribedPackageIDs(doc)
	if err != nil || len(described) != 1 {
		t.Fatalf("it describes %v, %v", described, err)
	}
	_, digits, err := sum(name)
	if err != nil {
		t.Fatal(err)
	}
	packages := make(map[string]*v2_3.Package)
	for _, one := range doc.Packages {
		packages[one.PackageName] = one
		if one.PackageSPDXIdentifier == described[0] &&
			!slices.Equal(one.PackageChecksums, []common.Checksum{{Algorithm: common.SHA256, Value: digits}}) {
			t.Errorf("it describes a file of %v, want %s", one.PackageChecksums, digits)
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{info.Main.Path: info.Main.Version, "stdlib": info.GoVersion[len("go"):]}
	for _, module := range info.Deps {
		want[module.Path] = module.Version
	}
	if want[library] == "" || len(packages) != len(want)+1 {
		t.Errorf("%d packages are listed and %d linked, %s is %q", len(packages), len(want)+1, library, want[library])
	}
	for path, version := range want {
		one := packages[path]
		if one == nil || one.PackageVersion != version || one.PackageLicenseDeclared == "" || one.PackageLicenseDeclared == unknown ||
			len(one.PackageExternalReferences) != 1 {
			t.Errorf("%s %s is listed as %+v", path, version, one)
		}
	}
}

// loseNothing checks that the other's types hold all that a document says: a field that
// they don't know would be gone.
func loseNothing(t *testing.T, text []byte, doc any) {
	t.Helper()
	var written bytes.Buffer
	if err := spdx.Write(doc, &written); err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := json.Unmarshal(text, &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written.Bytes(), &theirs); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ours, theirs) {
		t.Errorf("read and written again it is %s", written.Bytes())
	}
}
