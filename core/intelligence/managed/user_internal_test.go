package managed

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestUsersOnThePlatform(t *testing.T) {
	long := strings.Repeat("a", 128)
	for _, test := range []struct{ name, id, want string }{
		{"an id that fits stays", "ada", "ada"},
		{"an address stays", "ada.l@example.com", "ada.l@example.com"},
		{"all that is allowed stays", "aZ09_.@:=-", "aZ09_.@:=-"},
		{"what isn't is escaped", "auth0|123", "auth0=7C123"},
		{"an ARN is escaped", "arn:aws:iam::1:user/ada", "arn:aws:iam::1:user=2Fada"},
		{"letters beyond ASCII are escaped, byte by byte", "é", "=C3=A9"},
		{"what looks escaped is escaped", "auth0=7C123", "auth0=3D7C123"},
		{"what doesn't stays", "a=7c", "a=7c"},
		{"an equals sign at the end stays", "abc==", "abc=="},
		{"the longest that fits stays", long, long},
		{"a longer one is its hash", long + "a", "sha256:c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
		{"one that became longer is, too", long[1:] + "|", ""},
		{"nobody is somebody else's hash", "sha256:c12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae",
			"sha256=3Ac12cb024a2e5551cca0e08fce8f1c5e314555cc3fef6329ee994a3db752166ae"},
		{"a hash of another length stays", "sha256:68", "sha256:68"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := userID(test.id)
			if test.want == "" {
				if !strings.HasPrefix(got, hashed) {
					t.Errorf("got %s", got)
				}
			} else if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

var acceptable = regexp.MustCompile(`^[\w.@:=-]{1,128}$`)

func FuzzUserID(f *testing.F) {
	for _, id := range []string{"ada", "auth0|123", "=7C", "==7C", "=3D7C", "=3", "sha256:", strings.Repeat("é", 100), "\x00=\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if id == "" {
			return
		}
		encoded := userID(id)
		if !acceptable.MatchString(encoded) {
			t.Fatalf("%q became %q, which the platform refuses", id, encoded)
		}
		if acceptable.MatchString(id) && !strings.Contains(id, "=") && !strings.HasPrefix(id, hashed) && encoded != id {
			t.Fatalf("%q became %q", id, encoded)
		}
		if strings.HasPrefix(encoded, hashed) && len(encoded) == len(hashed)+64 {
			return // an id of this form is escaped, so this is a hash
		}
		if got := unescaped(t, encoded); got != id {
			t.Fatalf("%q became %q, which is %q", id, encoded, got)
		}
	})
}

// unescaped returns the one id that a name on the platform stands for.
func unescaped(t *testing.T, encoded string) string {
	t.Helper()
	var id strings.Builder
	for i := 0; i < len(encoded); i++ {
		if encoded[i] == '=' && len(encoded) > i+2 && upperHex(encoded[i+1]) && upperHex(encoded[i+2]) {
			b, err := strconv.ParseUint(encoded[i+1:i+3], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			id.WriteByte(byte(b))
			i += 2
			continue
		}
		id.WriteByte(encoded[i])
	}
	return id.String()
}
