-- Counts what a run has spent beyond what is counted, and keeps or frees its place:
-- {'ok', day}.
local id, ttl, user, unlisted, release, input, output, estimated = unpack(ARGV)
local at = now()
local known = redis.call('HMGET', KEYS[TICKET], 'input', 'output', 'estimated', 'released')
if known[4] == '1' and release == '0' then
  return {'ok', dayOf(at)}
end
local function beyond(total, before)
  return math.max(tonumber(total) - tonumber(before or '0'), 0)
end
local moreInput, moreOutput = beyond(input, known[1]), beyond(output, known[2])
local moreEstimated = beyond(estimated, known[3])
redis.call('HSET', KEYS[TICKET], 'released', release,
  'input', text(tonumber(known[1] or '0') + moreInput),
  'output', text(tonumber(known[2] or '0') + moreOutput),
  'estimated', text(tonumber(known[3] or '0') + moreEstimated))
redis.call('PEXPIRE', KEYS[TICKET], text(tonumber(ttl) + HOUR))
if release == '1' then
  redis.call('ZREM', KEYS[PLACES], id)
else
  hold(id, at, ttl)
end
local runs = known[4] and 0 or 1
if runs + moreInput + moreOutput + moreEstimated > 0 then
  spend(user, unlisted, at, runs, moreInput, moreOutput, moreEstimated)
end
return {'ok', dayOf(at)}
