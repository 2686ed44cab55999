package main

import (
	"strings"
	"testing"
)

func TestStoreSchemaPrintsTheTables(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		env  string
		code int
		want string
	}{
		"of the variable":            {[]string{"schema"}, "postgres://u:p@h/db?schema=chat&prefix=a_", 0, `CREATE TABLE "chat".a_threads (`},
		"of an argument":             {[]string{"schema", "postgresql://h/db?prefix=b_"}, "postgres://h/db", 0, `CREATE TABLE "copilotkit".b_threads (`},
		"without an address":         {[]string{"schema"}, "redis://h", 0, `CREATE TABLE "copilotkit".threads (`},
		"not of a malformed address": {[]string{"schema", "postgres://h/db?prefix=A"}, "", 1, "prefix:"},
		"not without a command":      {nil, "", 2, "Usage:"},
		"not with another command":   {[]string{"drop"}, "", 2, "Usage:"},
		"not with more arguments":    {[]string{"schema", "a", "b"}, "", 2, "Usage:"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errors buffer
			code := storeCommand(test.args, func(string) string { return test.env }, streams{out: &out, err: &errors})
			got, silent := out.String(), errors.String()
			if code != 0 {
				got, silent = silent, got
			}
			if code != test.code || !strings.Contains(got, test.want) || silent != "" {
				t.Errorf("code %d, %q and %q", code, out.String(), errors.String())
			}
		})
	}
}
