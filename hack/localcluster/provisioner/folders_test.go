package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func claimFor(size string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
	}}
}

func optionsFor(claim *corev1.PersistentVolumeClaim) controller.ProvisionOptions {
	policy := corev1.PersistentVolumeReclaimDelete
	return controller.ProvisionOptions{PVName: "pvc-1", PVC: claim, StorageClass: &storagev1.StorageClass{ReclaimPolicy: &policy}}
}

func TestAVolumeIsAFolderThatGoesWithAllItHolds(t *testing.T) {
	f := folders{t.TempDir()}
	volume, state, err := f.Provision(t.Context(), optionsFor(claimFor("3Gi")))
	if err != nil || state != controller.ProvisioningFinished {
		t.Fatal(state, err)
	}
	path := filepath.Join(f.base, "pvc-1")
	if volume.Spec.HostPath.Path != path || *volume.Spec.HostPath.Type != corev1.HostPathDirectory {
		t.Errorf("it is %v", volume.Spec.HostPath)
	}
	if size := volume.Spec.Capacity[corev1.ResourceStorage]; size.String() != "3Gi" {
		t.Errorf("its size is %v", size)
	}
	if modes := volume.Spec.AccessModes; len(modes) != 1 || modes[0] != corev1.ReadWriteMany {
		t.Errorf("its access modes are %v", modes)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o777 {
		t.Fatal(info, err)
	}
	if err := os.WriteFile(filepath.Join(path, "file"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Provision(t.Context(), optionsFor(claimFor("3Gi"))); err != nil {
		t.Errorf("a second try said: %v", err)
	}
	if _, err := os.Stat(filepath.Join(path, "file")); err != nil {
		t.Errorf("a second try took what there was: %v", err)
	}
	if err := f.Delete(t.Context(), volume); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder: %v", err)
	}
}

func TestAClaimWithASelectorHasNoNewVolume(t *testing.T) {
	f := folders{t.TempDir()}
	claim := claimFor("1Gi")
	claim.Spec.Selector = &metav1.LabelSelector{}
	if _, _, err := f.Provision(t.Context(), optionsFor(claim)); err == nil {
		t.Error("it had one")
	}
}

func TestOtherFoldersAreLeftAlone(t *testing.T) {
	base := t.TempDir()
	f := folders{filepath.Join(base, "volumes")}
	for _, one := range []struct{ what, name, path string }{
		{"another folder", "pvc-1", base},
		{"the folder of another volume", "pvc-1", filepath.Join(f.base, "pvc-2")},
		{"the base itself", ".", f.base},
		{"the folder above", "..", base},
		{"no folder", "pvc-1", ""},
	} {
		volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: one.name}}
		if one.path != "" {
			if err := os.MkdirAll(one.path, 0o755); err != nil {
				t.Fatal(err)
			}
			volume.Spec.HostPath = &corev1.HostPathVolumeSource{Path: one.path}
		}
		var ignored *controller.IgnoredError
		if err := f.Delete(t.Context(), volume); !errors.As(err, &ignored) {
			t.Errorf("%s: %v", one.what, err)
		}
		if _, err := os.Stat(one.path); one.path != "" && err != nil {
			t.Errorf("%s is gone: %v", one.what, err)
		}
	}
}
