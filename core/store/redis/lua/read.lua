-- The records from a Seq on: {run, first, the lease's remaining milliseconds,
-- how many blocks, the blocks…}.
local from, limit = ARGV[1], tonumber(ARGV[2])
local thread = redis.call('HMGET', KEYS[THREAD], 'run', 'first')
local page = {thread[1] or '', thread[2] or '0', redis.call('PTTL', KEYS[LEASE]), 0}
local function add(key)
  if #page - 4 < limit then
    for _, entry in ipairs(redis.call('XRANGE', KEYS[key], from, '+', 'COUNT', limit - (#page - 4))) do
      page[#page + 1] = entry[2][2]
    end
  end
end
add(RUNS)
if thread[1] then
  add(LIVE)
end
page[4] = #page - 4
return page
