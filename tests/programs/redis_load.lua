-- Fills the server with keys of every type, small and large, changes and
-- deletes many of them, and answers how many are left. Always the same data.
local state = 9
local function number(bound)
  state = (state * 1103515 + 12345) % 2147483648
  return math.floor(state / 1024) % bound
end

for i = 1, 4000 do
  local key = "key:" .. i
  local kind = i % 6
  if kind == 0 then
    redis.call("SET", key, string.rep("v", number(3000)))
  elseif kind == 1 then
    for j = 1, number(40) do redis.call("RPUSH", key, string.rep("l", number(200))) end
  elseif kind == 2 then
    for j = 1, number(40) do redis.call("HSET", key, "field" .. j, string.rep("h", number(100))) end
  elseif kind == 3 then
    for j = 1, number(60) do redis.call("SADD", key, "member" .. number(10000)) end
  elseif kind == 4 then
    for j = 1, number(150) do redis.call("ZADD", key, number(1000), "member" .. number(10000)) end
  else
    for j = 1, number(20) do redis.call("XADD", key, i .. "-" .. j, "field", string.rep("x", number(80))) end
  end
end
for i = 6, 4000, 12 do redis.call("APPEND", "key:" .. i, string.rep("a", number(9000))) end
for i = 1, 4000, 3 do redis.call("DEL", "key:" .. i) end
for i = 2, 4000, 300 do redis.call("SORT", "key:" .. i, "ALPHA", "STORE", "sorted:" .. i) end
redis.call("SET", "large", string.rep("0123456789", 400000))
redis.call("SETRANGE", "large", 3000000, "changed")
return redis.call("DBSIZE")
