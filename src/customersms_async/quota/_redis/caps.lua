-- The rule of _core/caps.py over texts that a Redis or Valkey server counts. One call, one atomic decision over a batch.
--
-- KEYS: state (hash), done (sorted set: what is over -> until when it is remembered), then one sorted set for each scope
-- (a try's id -> its time: when it lapses, or was answered), and one string for each text that may come again (the id of
-- its last try). ARGV: the call, the time for tests or '' for the server's own, what the call takes, as msgpack, its own
-- number, and the ids of its texts, which are bytes. It takes the texts, of end how many of them were answered, of the
-- others how long they are held, the longest window and the sets of layers. A text is the index of its id in ARGV, that
-- of its string in KEYS or 0, and its scopes, each the index in KEYS and that of its layers. Times are integer
-- microseconds, exact in a double until the year 2255.
--
-- A network may bring a call late, twice, or after a later one. No id is used twice, so a take of what is counted
-- already counts nothing again, however often it comes; an answer only ever lowers a time that is to come; and what was
-- given back or has come again is done: a take of it that comes after that, or a second time, counts nothing. Nor does a
-- second copy of a take that was refused. A take that nobody heard of lapses by itself, and counts.

local state, done = KEYS[1], KEYS[2]
local call, clock, number = ARGV[1], ARGV[2], ARGV[4]
local texts, length, window, layer_sets = unpack(cmsgpack.unpack(ARGV[3]))
for _, text in ipairs(texts) do
  text[1] = ARGV[text[1]]
end

local COPIES = 600000000 -- how late a copy of a call may come and find what it is about
local REFUSED_COPIES = 60000000 -- the same where it would only count a text for nothing
local MOST_DONE = 10000 -- remembered at most, if more than these are over at about the same time

local known = redis.call('HMGET', state, 'now', 'longest')
local now = math.max(clock_us(), tonumber(known[1] or 0)) -- a clock that steps back stands still
local longest = tonumber(known[2] or 0)

local function expire(key, at)
  if clock == '' then -- the server does not know a test's clock
    redis.call('PEXPIRE', key, integer(math.ceil((at - now) / 1000) + 1))
  end
end

-- For how long a time is kept: for all windows, and for late copies of its take.
local function kept()
  return math.max(longest, COPIES)
end

local function expire_scope(key)
  local newest = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
  if newest then
    expire(key, newest + kept())
  end
end

local function is_done(id)
  return redis.call('ZSCORE', done, id)
end

local function finish(id, for_us)
  redis.call('ZADD', done, integer(now + for_us), id)
end

-- Write what all calls share; `until_us`: until when it matters.
local function save(until_us)
  redis.call('HSET', state, 'now', integer(now), 'longest', integer(longest))
  redis.call('ZREMRANGEBYSCORE', done, '-inf', integer(now))
  redis.call('ZREMRANGEBYRANK', done, 0, -1 - MOST_DONE)
  expire(done, now + COPIES)
  if redis.call('PTTL', state) < (until_us - now) / 1000 then
    expire(state, until_us)
  end
end

-- Count earlier tries of these texts no more; gives what restore needs.
local function let_go()
  local gone = {}
  for _, text in ipairs(texts) do
    local id = text[2] > 0 and redis.call('GET', KEYS[text[2]])
    if id and id ~= text[1] then
      for _, scope in ipairs(text[3]) do
        local at = redis.call('ZSCORE', KEYS[scope[1]], id)
        if at then
          redis.call('ZREM', KEYS[scope[1]], id)
          table.insert(gone, {KEYS[scope[1]], at, id})
        end
      end
    end
  end
  return gone
end

local function restore(gone)
  for _, each in ipairs(gone) do
    redis.call('ZADD', unpack(each))
    expire_scope(each[1])
  end
end

local function is_counted(text)
  local scope = text[3][1]
  return scope and redis.call('ZSCORE', KEYS[scope[1]], text[1])
end

-- How long until a scope has room for one text after so many others, and the layer that takes longest.
local function room(key, layers, more)
  local wait, place, known = 0, 0, redis.call('ZCARD', key)
  for index, layer in ipairs(layers) do
    local before, free = layer[1] - more, 0
    if before < 1 then
      free = layer[2]
    elseif before <= known then
      local found = redis.call('ZRANGE', key, integer(-before), integer(-before), 'WITHSCORES')[2]
      free = math.min(tonumber(found), now) + layer[2] - now
    end
    if free > wait then
      wait, place = free, index - 1
    end
  end
  return wait, place
end

-- The cap that each text hits, as three numbers: its scope, its layer, the wait, or 0; and whether any hits one.
local function judge()
  local answer, taken, is_hit = {}, {}, false
  for _, text in ipairs(texts) do
    local scope_hit, layer_hit, longest_wait = 0, 0, 0
    if not is_counted(text) then
      for index, scope in ipairs(text[3]) do
        local wait, layer = room(KEYS[scope[1]], layer_sets[scope[2]], taken[scope[1]] or 0)
        if wait > longest_wait then
          scope_hit, layer_hit, longest_wait = index - 1, layer, wait
        end
      end
      if longest_wait > 0 then
        is_hit = true
      else
        for _, scope in ipairs(text[3]) do
          taken[scope[1]] = (taken[scope[1]] or 0) + 1
        end
      end
    end
    table.insert(answer, scope_hit)
    table.insert(answer, layer_hit)
    table.insert(answer, longest_wait)
  end
  return answer, is_hit
end

-- More than a batch adds, so that what no window reaches any more goes, a little at a time.
local function cut(key, most)
  local old = redis.call('ZRANGEBYSCORE', key, '-inf', integer(now - kept()), 'LIMIT', 0, most)
  if #old > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, #old - 1)
  end
end

local function count(lapse, gone)
  for _, text in ipairs(texts) do
    if not is_counted(text) then
      for _, scope in ipairs(text[3]) do
        redis.call('ZADD', KEYS[scope[1]], integer(lapse), text[1])
        cut(KEYS[scope[1]], 4)
        expire_scope(KEYS[scope[1]])
      end
      if text[2] > 0 then
        redis.call('SET', KEYS[text[2]], text[1])
        expire(KEYS[text[2]], lapse + kept())
      end
    end
  end
  for _, each in ipairs(gone) do
    finish(each[3], COPIES)
    expire_scope(each[1])
  end
end

local function take()
  local gone = let_go()
  local answer, is_refused = judge()
  if not is_refused then
    local is_over = is_done(number)
    for _, text in ipairs(texts) do
      is_over = is_over or is_done(text[1])
    end
    if is_over then -- nobody waits for this answer
      answer[3], is_refused = 1, true
    end
  end
  if is_refused then
    restore(gone)
    finish(number, REFUSED_COPIES)
  else
    count(now + length, gone)
  end
  save(now + length + kept())
  return answer
end

local function finish_texts()
  for place, text in ipairs(texts) do
    for _, scope in ipairs(text[3]) do
      local key = KEYS[scope[1]]
      if tonumber(redis.call('ZSCORE', key, text[1]) or 0) > now then
        if place <= length then
          redis.call('ZADD', key, integer(now), text[1])
        else
          redis.call('ZREM', key, text[1])
        end
        expire_scope(key)
      end
    end
    if place > length then
      finish(text[1], COPIES)
    end
  end
  save(now + kept())
end

if call == 'end' then
  finish_texts()
  return {}
end
longest = math.max(longest, window)
if call == 'take' then
  return take()
end
local gone = let_go()
local answer = judge()
restore(gone)
save(now + kept())
return answer
