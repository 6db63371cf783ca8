# Sourced: image archives as `docker save` writes them, from layers that are tar files.

# layer TAR FOLDER: the folder as a layer, the same octets for the same contents.
layer() {
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$2" -cf "$1.new" .
  mv "$1.new" "$1"
}

# archive FILE NAME CONFIG LAYER…: an image of that name; CONFIG is the JSON of its `config` (entrypoint, user, …).
archive() {
  local file=$1 name=$2 config=$3 work diffs='[]' layers='[]' tar digest id
  shift 3
  work=$(mktemp -d "$cache/images/archive.XXXXXX")
  for tar in "$@"; do
    digest=$(sha256sum "$tar" | cut -d' ' -f1)
    ln -f "$tar" "$work/$digest.tar"
    diffs=$(jq -c --arg d "sha256:$digest" '. + [$d]' <<< "$diffs")
    layers=$(jq -c --arg l "$digest.tar" '. + [$l]' <<< "$layers")
  done
  jq -nc --argjson config "$config" --argjson diffs "$diffs" --arg architecture "$(image_architecture)" \
    '{architecture: $architecture, os: "linux", config: $config, rootfs: {type: "layers", diff_ids: $diffs}}' > "$work/config.json"
  id=$(sha256sum "$work/config.json" | cut -d' ' -f1)
  mv "$work/config.json" "$work/$id.json"
  jq -nc --arg config "$id.json" --arg name "$name" --argjson layers "$layers" \
    '[{Config: $config, RepoTags: [$name], Layers: $layers}]' > "$work/manifest.json"
  (cd "$work" && tar --hard-dereference -cf "$file.new" manifest.json "$id.json" ./*.tar --transform 's,^\./,,')
  mv "$file.new" "$file"
  rm -rf "$work"
}

image_architecture() { if [[ $(uname -m) == aarch64 ]]; then echo arm64; else echo amd64; fi; }
