package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/test/tools/internal/licence"
)

// document is an SPDX document.
//
// Source: https://spdx.github.io/spdx-spec/v2.3/
type document struct {
	Version       string         `json:"spdxVersion"`
	License       string         `json:"dataLicense"`
	ID            string         `json:"SPDXID"`
	Name          string         `json:"name"`
	Namespace     string         `json:"documentNamespace"`
	Creation      creation       `json:"creationInfo"`
	Packages      []spdxPackage  `json:"packages"`
	Relationships []relationship `json:"relationships"`
}

type creation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID               string      `json:"SPDXID"`
	Name             string      `json:"name"`
	Version          string      `json:"versionInfo"`
	FileName         string      `json:"packageFileName,omitempty"`
	Supplier         string      `json:"supplier"`
	DownloadLocation string      `json:"downloadLocation"`
	FilesAnalyzed    bool        `json:"filesAnalyzed"`
	Checksums        []checksum  `json:"checksums,omitempty"`
	SourceInfo       string      `json:"sourceInfo,omitempty"`
	Concluded        string      `json:"licenseConcluded"`
	Declared         string      `json:"licenseDeclared"`
	Copyright        string      `json:"copyrightText"`
	References       []reference `json:"externalRefs,omitempty"`
	Purpose          string      `json:"primaryPackagePurpose"`
}

type checksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type reference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type relationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const (
	unknown   = "NOASSERTION"
	artifact  = "SPDXRef-Artifact"
	program   = "SPDXRef-Program"
	theAuthor = "Organization: The CopilotKit Go runtime authors"
)

// writeSBOM writes what a product is made of: the file, the program in it, and every module
// that is linked into the program, as the program itself says.
func writeSBOM(name string, p *product, components map[string]licence.Component) error {
	doc := document{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: "SPDXRef-DOCUMENT",
		Name: p.name,
		// The namespace has to be unique, and the same for the same file.
		Namespace: fmt.Sprintf("%s/spdx/%s-%s", home, p.name, p.sum),
		Creation:  creation{p.time.UTC().Format(time.RFC3339), []string{theAuthor, "Tool: copilotkit-release-" + p.version()}},
		Packages: []spdxPackage{{
			ID: artifact, Name: p.name, Version: p.version(), FileName: p.name, Supplier: theAuthor,
			DownloadLocation: fmt.Sprintf("%s/releases/download/%s/%s", home, p.version(), p.name),
			Checksums:        []checksum{{"SHA256", p.sum}},
			Concluded:        unknown, Declared: "MIT", Copyright: unknown, Purpose: "ARCHIVE",
		}, {
			ID: program, Name: p.info.Main.Path, Version: p.version(), Supplier: theAuthor,
			DownloadLocation: "git+" + home + "@" + p.commit,
			SourceInfo:       "built for " + p.target + " from " + p.info.Path + " with " + p.info.GoVersion,
			Concluded:        unknown, Declared: "MIT", Copyright: unknown, Purpose: "APPLICATION",
			References: []reference{packageURL(p.info.Main.Path, p.version())},
		}},
		Relationships: []relationship{{"SPDXRef-DOCUMENT", "DESCRIBES", artifact}, {artifact, "CONTAINS", program}},
	}
	for _, key := range slices.Sorted(maps.Keys(components)) {
		c := components[key]
		one := spdxPackage{
			ID: identifier(c), Name: c.Path, Version: c.Version, Supplier: unknown, DownloadLocation: unknown,
			Concluded: unknown, Declared: strings.Join(c.Licences, " AND "), Copyright: unknown, Purpose: "LIBRARY",
			References: []reference{packageURL(c.Path, c.Version)},
		}
		if c.Sum != "" {
			one.SourceInfo = "go.sum has " + c.Sum
		}
		doc.Packages = append(doc.Packages, one)
		doc.Relationships = append(doc.Relationships, relationship{program, "DEPENDS_ON", one.ID})
	}
	data, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

var notInIdentifiers = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func identifier(c licence.Component) string {
	return "SPDXRef-Module-" + notInIdentifiers.ReplaceAllString(c.Path+"-"+c.Version, "-")
}

// packageURL returns how databases of vulnerabilities name a module.
func packageURL(path, version string) reference {
	locator := "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
	return reference{"PACKAGE-MANAGER", "purl", locator}
}
