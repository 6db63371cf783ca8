package enforce

import (
	"context"
	"errors"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
	"sandkeep.dev/localcluster/policy/internal/rules"
)

// Cluster is a local copy of all Pods, Namespaces and NetworkPolicies, cut down to what rules depend on.
type Cluster struct {
	factory    informers.SharedInformerFactory
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister
	watched    []cache.SharedIndexInformer
}

// NewCluster prepares to watch the API server; nothing is requested before an Enforcer runs.
func NewCluster(client kubernetes.Interface) *Cluster {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(essentials))
	pods, namespaces := factory.Core().V1().Pods(), factory.Core().V1().Namespaces()
	policies := factory.Networking().V1().NetworkPolicies()
	return &Cluster{
		factory:    factory,
		pods:       pods.Lister(),
		namespaces: namespaces.Lister(),
		policies:   policies.Lister(),
		watched:    []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()},
	}
}

// start returns when the copy is complete, and calls changed after each later change that can matter.
func (c *Cluster) start(ctx context.Context, changed func()) error {
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { changed() },
		UpdateFunc: func(before, after any) {
			if !reflect.DeepEqual(withoutVersion(before), withoutVersion(after)) {
				changed()
			}
		},
		DeleteFunc: func(any) { changed() },
	}
	for _, informer := range c.watched {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	c.factory.Start(ctx.Done())
	for _, informer := range c.watched {
		if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return errors.New("stopped before the first full list of Pods, Namespaces and NetworkPolicies")
		}
	}
	return nil
}

func (c *Cluster) snapshot() (rules.Input, error) {
	pods, podsErr := c.pods.List(labels.Everything())
	namespaces, namespacesErr := c.namespaces.List(labels.Everything())
	policies, policiesErr := c.policies.List(labels.Everything())
	return rules.Input{Pods: pods, Namespaces: namespaces, Policies: policies}, errors.Join(podsErr, namespacesErr, policiesErr)
}

// essentials keeps of each object what rules depend on, so that other changes neither cost memory nor cause a sync.
func essentials(object any) (any, error) {
	switch full := object.(type) {
	case *corev1.Pod:
		pod := &corev1.Pod{ObjectMeta: identity(full.ObjectMeta)}
		if hash, static := full.Annotations[staticPodHash]; static {
			pod.Annotations = map[string]string{staticPodHash: hash}
		}
		pod.Spec.NodeName, pod.Spec.HostNetwork = full.Spec.NodeName, full.Spec.HostNetwork
		pod.Spec.InitContainers, pod.Spec.Containers = portsOnly(full.Spec.InitContainers), portsOnly(full.Spec.Containers)
		pod.Status.Phase, pod.Status.PodIPs = full.Status.Phase, full.Status.PodIPs
		return pod, nil
	case *corev1.Namespace:
		return &corev1.Namespace{ObjectMeta: identity(full.ObjectMeta)}, nil
	case *networkingv1.NetworkPolicy:
		return &networkingv1.NetworkPolicy{ObjectMeta: identity(full.ObjectMeta), Spec: full.Spec}, nil
	}
	return object, nil
}

func identity(full metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: full.Name, Namespace: full.Namespace, UID: full.UID, Labels: full.Labels, ResourceVersion: full.ResourceVersion}
}

func portsOnly(containers []corev1.Container) []corev1.Container {
	var found []corev1.Container
	for _, container := range containers {
		if len(container.Ports) > 0 {
			found = append(found, corev1.Container{Ports: container.Ports})
		}
	}
	return found
}

func withoutVersion(object any) any {
	switch typed := object.(type) {
	case *corev1.Pod:
		copied := *typed
		copied.ResourceVersion = ""
		return &copied
	case *corev1.Namespace:
		copied := *typed
		copied.ResourceVersion = ""
		return &copied
	case *networkingv1.NetworkPolicy:
		copied := *typed
		copied.ResourceVersion = ""
		return &copied
	}
	return object
}
