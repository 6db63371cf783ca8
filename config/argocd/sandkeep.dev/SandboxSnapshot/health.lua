-- How Argo CD sees a SandboxSnapshot: Healthy once it is stored, Degraded when it failed.
local status = obj.status or {}
local health = { Succeeded = "Healthy", Failed = "Degraded" }
return {
  status = health[status.phase] or "Progressing",
  message = status.message or status.image or status.phase or "Waiting for the operator",
}
