package recipes

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// image is what the recipes run.
const image = "ghcr.io/copilotkit-go/runtime:latest"

// port is where it listens.
const port = 8080

func compose(t *testing.T) *types.Project {
	t.Helper()
	dir, err := filepath.Abs(example)
	if err != nil {
		t.Fatal(err)
	}
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}},
		Environment: types.Mapping{"COPILOTKIT_SESSION_KEY": "k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeTakesTheFile(t *testing.T) {
	project := compose(t)
	for name, service := range project.Services {
		if service.HealthCheck == nil || len(service.HealthCheck.Test) == 0 {
			t.Errorf("%s has no health check", name)
		}
		for _, published := range service.Ports {
			if name != "runtime" || published.HostIP != "127.0.0.1" || published.Target != port {
				t.Errorf("%s publishes %+v", name, published)
			}
		}
	}
	runtime := project.Services["runtime"]
	if runtime.Image != image || len(runtime.Ports) != 1 || !runtime.ReadOnly {
		t.Errorf("the runtime is %+v", runtime)
	}
	if _, reachable := project.Services["redis"].Networks["agents"]; reachable {
		t.Error("the agent reaches the Redis")
	}
}

func TestTheFilesHaveOnlyFieldsThatTheirPlatformsKnow(t *testing.T) {
	kubernetes := readFields(t, "kubernetes.txt")
	for _, folder := range []string{"redis", "postgres"} {
		for name, manifest := range manifests(t, example+"/kubernetes/"+folder) {
			for _, wrong := range kubernetes.check(manifest.text("apiVersion")+" "+manifest.text("kind"), map[string]any(manifest)) {
				t.Errorf("%s: %s: %s", folder, name, wrong)
			}
		}
	}
	for _, wrong := range readFields(t, "containerapps.txt").check("containerapp", containerApp(t)) {
		t.Error(wrong)
	}
	for _, name := range []string{"fly.toml", "agent.toml"} {
		for _, wrong := range readFields(t, "fly.txt").check("fly.toml", decodeTOML(t, read(t, example+"/fly/"+name))) {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

func containerApp(t *testing.T) map[string]any {
	return decodeYAML(t, read(t, example+"/containerapp.yaml"))[0].(map[string]any)
}

// deployment is what a recipe says of the runtime.
type deployment struct {
	image     string
	variables map[string]string
	port      int
	// live and ready are the paths of the probes, live empty if the platform has none.
	live, ready string
	// patience is how many seconds of failing probes there are before no more requests
	// come, grace how many there are between SIGTERM and SIGKILL.
	patience, grace int
}

func deployments(t *testing.T) map[string]deployment {
	t.Helper()
	all := make(map[string]deployment)
	for _, folder := range []string{"redis", "postgres"} {
		pod := object(manifests(t, example+"/kubernetes/"+folder)["Deployment copilotkit"].at("spec", "template", "spec").(map[string]any))
		runtime := object(pod.at("containers", "runtime").(map[string]any))
		all["kubernetes/"+folder] = deployment{
			image: runtime.text("image"), variables: runtime.variables("env"),
			port: runtime.number("ports", "http", "containerPort"),
			live: runtime.text("livenessProbe", "httpGet", "path"), ready: runtime.text("readinessProbe", "httpGet", "path"),
			patience: runtime.number("readinessProbe", "periodSeconds") * runtime.number("readinessProbe", "failureThreshold"),
			grace:    pod.number("terminationGracePeriodSeconds"),
		}
	}

	app := object(containerApp(t))
	template := object(app.at("properties", "template").(map[string]any))
	container := object(template.at("containers", "runtime").(map[string]any))
	all["containerapp"] = deployment{
		image: container.text("image"), variables: container.variables("env"),
		port: app.number("properties", "configuration", "ingress", "targetPort"),
		live: container.text("probes", "Liveness", "httpGet", "path"), ready: container.text("probes", "Readiness", "httpGet", "path"),
		patience: container.number("probes", "Readiness", "periodSeconds") * container.number("probes", "Readiness", "failureThreshold"),
		grace:    template.number("terminationGracePeriodSeconds"),
	}

	fly := object(decodeTOML(t, read(t, example+"/fly/fly.toml")))
	check := object(fly.at("http_service", "checks").([]any)[0].(map[string]any))
	interval, _ := strconv.Atoi(strings.TrimSuffix(check.text("interval"), "s"))
	variables := make(map[string]string)
	for name, value := range fly["env"].(map[string]any) {
		variables[name] = value.(string)
	}
	all["fly"] = deployment{
		image: fly.text("build", "image"), variables: variables, port: fly.number("http_service", "internal_port"),
		ready: check.text("path"), patience: interval, grace: fly.number("kill_timeout"),
	}

	service := compose(t).Services["runtime"]
	variables = make(map[string]string)
	for name, value := range service.Environment {
		variables[name] = *value
	}
	all["compose"] = deployment{
		image: service.Image, variables: variables, port: int(service.Ports[0].Target), ready: "/readyz", // by copilotkit health
		grace: int(*service.StopGracePeriod / 1e9),
	}
	return all
}

// goVariables are of Go itself.
var goVariables = []string{"GOMEMLIMIT", "GOGC"}

func TestTheRecipesFitTheRuntime(t *testing.T) {
	defaults := known(t)
	probes := read(t, root+"/core/bundle/health.go")
	if defaults["PORT"] != fmt.Sprintf("`%d`", port) {
		t.Errorf("PORT is %s by default, and the recipes have %d", defaults["PORT"], port)
	}
	for name, d := range deployments(t) {
		t.Run(name, func(t *testing.T) {
			if d.image != image || d.port != port {
				t.Errorf("it runs %s at port %d, not %s at %d", d.image, d.port, image, port)
			}
			for _, path := range []string{d.live, d.ready} {
				if path != "" && !strings.Contains(probes, strconv.Quote(path)) {
					t.Errorf("the runtime doesn't answer a probe of %s", path)
				}
			}
			if d.ready != "/readyz" || d.live == "/readyz" {
				t.Errorf("it is ready by %q and alive by %q", d.ready, d.live)
			}
			for _, variable := range slices.Sorted(maps.Keys(d.variables)) {
				if _, ok := defaults[variable]; !ok && !slices.Contains(goVariables, variable) {
					t.Errorf("the runtime has no variable %s", variable)
				}
			}
			for _, needed := range []string{"COPILOTKIT_AGENTS", "COPILOTKIT_AUTH", "COPILOTKIT_ENV"} {
				if d.variables[needed] == "" {
					t.Errorf("it doesn't set %s", needed)
				}
			}

			drain, _ := strconv.Atoi(d.variables["COPILOTKIT_DRAIN_SECONDS"])
			runs, _ := strconv.Atoi(d.variables["COPILOTKIT_SHUTDOWN_SECONDS"])
			const closing = 10 // what Serve takes to close and store what is left
			if d.grace < drain+runs+closing {
				t.Errorf("it is killed after %d seconds, and wants %d to drain, %d for runs and %d to close", d.grace, drain, runs, closing)
			}
			if d.patience > 0 && drain <= d.patience {
				t.Errorf("it takes requests for %d seconds, and they come for %d", drain, d.patience)
			}
		})
	}
}

func TestPodsHaveNoRightsThatTheyDoNotNeed(t *testing.T) {
	for name, manifest := range manifests(t, example+"/kubernetes/redis") {
		template, ok := manifest.at("spec", "template", "spec").(map[string]any)
		if !ok {
			continue
		}
		pod := object(template)
		if pod.at("securityContext", "runAsNonRoot") != true || pod.at("automountServiceAccountToken") != false || pod.text("securityContext", "seccompProfile", "type") != "RuntimeDefault" {
			t.Errorf("%s: the pod has %v", name, pod.at("securityContext"))
		}
		for _, element := range pod.at("containers").([]any) {
			container := object(element.(map[string]any))
			if container.at("securityContext", "readOnlyRootFilesystem") != true || container.at("securityContext", "allowPrivilegeEscalation") != false ||
				fmt.Sprint(container.at("securityContext", "capabilities", "drop")) != "[ALL]" {
				t.Errorf("%s: the container has %v", name, container.at("securityContext"))
			}
			if container.text("resources", "limits", "memory") == "" || container.at("readinessProbe") == nil {
				t.Errorf("%s: the container has no limit of memory, or no probe", name)
			}
		}
	}
}

// What selects pods, and what names a port or an object, must find it.
func TestNamesInTheManifestsLeadSomewhere(t *testing.T) {
	for _, folder := range []string{"redis", "postgres"} {
		all := manifests(t, example+"/kubernetes/"+folder)
		apps := map[string]object{}
		for name, manifest := range all {
			if app := manifest.text("spec", "template", "metadata", "labels", "app"); app != "" {
				if manifest.text("spec", "selector", "matchLabels", "app") != app {
					t.Errorf("%s selects other pods than it makes", name)
				}
				apps[app] = manifest
			}
		}
		for name, manifest := range all {
			var app string
			switch manifest.text("kind") {
			case "Service":
				app = manifest.text("spec", "selector", "app")
				target := object(manifest.at("spec", "ports").([]any)[0].(map[string]any)).text("targetPort")
				if containers, _ := apps[app].at("spec", "template", "spec", "containers").([]any); len(containers) != 1 ||
					object(containers[0].(map[string]any)).at("ports", target) == nil {
					t.Errorf("%s: %s has no port %s", folder, name, target)
				}
			case "PodDisruptionBudget":
				app = manifest.text("spec", "selector", "matchLabels", "app")
			case "NetworkPolicy":
				app = manifest.text("spec", "podSelector", "matchLabels", "app")
			case "HorizontalPodAutoscaler":
				app = manifest.text("spec", "scaleTargetRef", "name")
			default:
				continue
			}
			if apps[app] == nil {
				t.Errorf("%s: %s is for %q, and there is no such app", folder, name, app)
			}
		}
		rules := all["Ingress copilotkit"].at("spec", "rules").([]any)
		path := object(object(rules[0].(map[string]any)).at("http", "paths").([]any)[0].(map[string]any))
		if service := all["Service "+path.text("backend", "service", "name")]; service.at("spec", "ports", path.text("backend", "service", "port", "name")) == nil {
			t.Errorf("%s: the ingress leads nowhere: %v", folder, path)
		}
		if defaults := known(t); defaults["COPILOTKIT_BASE_PATH"] != "`"+path.text("path")+"`" {
			t.Errorf("%s: the ingress passes on %s, and the runtime answers at %s", folder, path.text("path"), defaults["COPILOTKIT_BASE_PATH"])
		}
	}
}

// The agent's port and path are in its command, its image, and all that call it.
func TestTheAgentIsWhereTheRuntimeLooks(t *testing.T) {
	dockerfile := read(t, example+"/Dockerfile")
	if !strings.Contains(dockerfile, `"--port", "8000"`) || !strings.Contains(read(t, example+"/agent.py"), `@app.get("/health")`) {
		t.Error("the agent has another port or path")
	}
	for name, want := range map[string]string{
		"compose": "default=http://agent:8000/", "kubernetes/redis": "default=http://agent:8000/", "kubernetes/postgres": "default=http://agent:8000/",
		"containerapp": "default=http://agent/", "fly": "default=http://copilotkit-agent.internal:8000/",
	} {
		if got := deployments(t)[name].variables["COPILOTKIT_AGENTS"]; got != want {
			t.Errorf("%s looks for %s, want %s", name, got, want)
		}
	}
	agent := object(decodeTOML(t, read(t, example+"/fly/agent.toml")))
	if agent.text("app") != "copilotkit-agent" || agent.number("checks", "health", "port") != 8000 {
		t.Errorf("Fly's agent is %v", agent)
	}
}
