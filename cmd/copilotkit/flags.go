package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// errUsage is that the arguments are wrong, which the user has been told.
var errUsage = errors.New("wrong arguments")

// flags are those of one command.
type flags struct {
	*flag.FlagSet
	streams streams
}

// newFlags returns the flags of a command, by its full name.
func newFlags(name string, s streams) *flags {
	f := &flags{flag.NewFlagSet(name, flag.ContinueOnError), s}
	f.SetOutput(io.Discard)
	return f
}

// parse fails with errUsage if the arguments are wrong, or a required one is missing.
func (f *flags) parse(args []string, required ...string) error {
	err := f.Parse(args)
	if err != nil {
		// As it is written here, not as the flag package has it.
		err = errors.New(strings.Replace(err.Error(), "flag provided but not defined: -", "there is no flag --", 1))
	}
	if err == nil && f.NArg() > 0 {
		err = fmt.Errorf("%d arguments too many", f.NArg()) // which may have a password
	}
	for _, name := range required {
		if err == nil && f.Lookup(name).Value.String() == "" {
			err = fmt.Errorf("which store? Set --%s", name)
			if name == "store" {
				err = errors.New("which store? Set --store or COPILOTKIT_STORE")
			}
		}
	}
	if err != nil {
		misused(f.streams, f.Name(), err.Error())
		return errUsage
	}
	return nil
}
