package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// folders makes volumes that are folders below base, each named after its volume.
type folders struct{ base string }

// Provision makes an empty folder that every user may write to. A volume's size is a promise that nobody keeps.
func (f folders) Provision(_ context.Context, options controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC.Spec
	if claim.Selector != nil {
		return nil, controller.ProvisioningFinished, errors.New("a claim with a selector cannot have a new volume")
	}
	path := f.path(options.PVName)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// What the umask took.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	kind := corev1.HostPathDirectory
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}},
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder of a volume with all that is in it, and leaves volumes alone whose folder it has not made.
func (f folders) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	path := f.path(volume.Name)
	if volume.Spec.HostPath == nil || volume.Spec.HostPath.Path != path || filepath.Dir(path) != filepath.Clean(f.base) {
		return &controller.IgnoredError{Reason: "its folder is none of this provisioner's"}
	}
	return os.RemoveAll(path)
}

func (f folders) path(volume string) string { return filepath.Join(f.base, volume) }
