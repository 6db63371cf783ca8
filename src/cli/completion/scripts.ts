export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What a shell sources to complete `sandkeep` and `kubectl-sandbox`; kubectl itself asks `kubectl_complete-sandbox`. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `_sandkeep() {
  local IFS=$'\\n'
  local line=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${line[@]}" "\${COMP_WORDS[COMP_CWORD]}" 2> /dev/null | grep -v '^:' | cut -f1))
}
complete -o default -F _sandkeep sandkeep kubectl-sandbox
`,
  zsh: `#compdef sandkeep kubectl-sandbox
_sandkeep() {
  local -a found
  local line
  for line in \${(f)"$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2> /dev/null)"}; do
    [[ $line == :* ]] || found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( \${#found} )) && _describe sandkeep found || _files
}
# Zsh runs a file of its functions' path in place of the function, when it is asked for first.
if [[ \${funcstack[1]} == _sandkeep ]]; then _sandkeep; else compdef _sandkeep sandkeep kubectl-sandbox; fi
`,
  fish: `function __sandkeep_found
    set -l line (commandline -opc)
    set -l word (commandline -ct)
    set -g __sandkeep_candidates ($line[1] __complete $line[2..] "$word" 2> /dev/null | string match -v ':*')
    test (count $__sandkeep_candidates) -gt 0
end
complete -c sandkeep -n __sandkeep_found -f -a '$__sandkeep_candidates'
complete -c kubectl-sandbox -n __sandkeep_found -f -a '$__sandkeep_candidates'
`,
};

/** kubectl runs the program \`kubectl_complete-sandbox\` on the path to complete \`kubectl sandbox\`. */
export const kubectlScript = `#!/bin/sh
exec kubectl-sandbox __complete "$@"
`;
