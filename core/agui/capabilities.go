package agui

import "encoding/json"

// Capabilities says what an agent can do, in AG-UI's own vocabulary: a JSON
// object by category ("tools", "transport", "humanInTheLoop", …).
//
// Source: https://docs.ag-ui.com/concepts/capabilities
type Capabilities map[string]json.RawMessage
