package reference

const (
	ownText    = "what a front end is told of the platform's failures doesn't quote it"
	asksFirst  = "a thread's events and state are its owner's, which the platform doesn't check"
	byPlatform = "a stop goes through the platform, and so reaches the run on every instance"
	ownError   = "errors have this runtime's texts and codes"
)

// differences are what this runtime does differently on purpose, by scenario.
var differences = map[string]map[Part]string{
	"an agent that doesn't begin": {
		Events: "a run that its agent doesn't begin is begun by the runtime",
	},
	"an agent that is refused":     {Events: ownError},
	"a stop of the front end":      {Calls: byPlatform},
	"a thread whose id is strange": {Calls: byPlatform},
	"a memory tool that an agent calls": {
		Events: "the result of a tool has no role, which it doesn't need",
	},
	"a thread that is locked":             {Answers: ownError},
	"a join that is refused":              {Answers: ownText, Frames: "there is nothing to leave"},
	"a platform that can't find a thread": {Answers: ownText},
	"a platform that can't lock":          {Answers: ownText},
	"a lock without a token":              {Answers: ownText},
	"a platform that can't read messages": {Answers: ownText},
	"a lock that is lost":                 {Events: ownError},
	"connects that are refused":           {Answers: ownText},
	"connects":                            {Answers: ownText},
	"annotations":                         {Answers: ownText},
	"memories":                            {Answers: ownText},
	"requests that are wrong":             {Answers: ownError, Calls: "any agent's threads can be asked for"},
	"threads":                             {Answers: "events come with what the platform says of them", Calls: asksFirst},
	"a state":                             {Calls: asksFirst},
	"a platform that fails":               {Answers: ownText, Calls: asksFirst},
}
