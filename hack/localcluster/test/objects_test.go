package test

type object = map[string]any

// pod is a Pod with one container that runs a command in busybox; change may alter its spec.
func pod(name string, command []string, change func(spec object)) object {
	spec := object{
		"terminationGracePeriodSeconds": 0,
		"containers": []object{{
			"name": "main", "image": "busybox:stable", "command": command,
			"resources": object{"requests": object{"cpu": "10m"}},
		}},
	}
	if change != nil {
		change(spec)
	}
	return object{"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": name, "labels": object{"app": name}}, "spec": spec}
}

func service(name string, spec object) object {
	spec["selector"] = object{"app": name}
	return object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": name}, "spec": spec}
}

func on(node string) func(object) { return func(spec object) { spec["nodeName"] = node } }

var forever = []string{"sleep", "infinity"}
