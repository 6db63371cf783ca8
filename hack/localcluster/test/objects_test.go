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

func claim(name string) object {
	return object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": name},
		"spec": object{"accessModes": []string{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": "1Gi"}}},
	}
}

// mounting has a Pod see a claim at /data. The scheduler has to choose the node: it tells the provisioner.
func mounting(claim, node string) func(object) {
	return func(spec object) {
		spec["nodeSelector"] = object{"kubernetes.io/hostname": node}
		spec["volumes"] = []object{{"name": "data", "persistentVolumeClaim": object{"claimName": claim}}}
		spec["containers"].([]object)[0]["volumeMounts"] = []object{{"name": "data", "mountPath": "/data"}}
	}
}

func on(node string) func(object) { return func(spec object) { spec["nodeName"] = node } }

var forever = []string{"sleep", "infinity"}
