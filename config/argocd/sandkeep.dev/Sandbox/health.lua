-- How Argo CD sees a Sandbox: Healthy when it runs and is ready or has finished, Degraded when it could not be set up.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Waiting for the operator" }
end

local stalled = conditions.Stalled
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = stalled.reason .. ": " .. stalled.message }
end

if status.phase == "Finished" then
  return { status = "Healthy", message = status.reason .. ": " .. status.message }
end

for _, name in ipairs({ "Scheduled", "Started", "Ready" }) do
  local condition = conditions[name]
  if condition == nil or condition.status ~= "True" then
    local reason = condition ~= nil and condition.reason or "Pending"
    local message = condition ~= nil and condition.message or ""
    -- A probe that gave up is not tried again, while the sandbox runs on.
    local given_up = reason == "ProbeTimedOut"
    return { status = given_up and "Degraded" or "Progressing", message = "Not " .. name .. ": " .. reason .. " " .. message }
  end
end
return { status = "Healthy", message = "It runs on node " .. (status.nodeName or "") }
