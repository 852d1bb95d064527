#version 410 core
// The floor that drawing is measured against: finished clip positions out of a buffer, nothing computed.
uniform samplerBuffer t_vertex;  // clip x, y, depth in [-1, 1], point size in pixels
uniform int u_vertices;          // an instance

void main()
{
    vec4 vertex = texelFetch(t_vertex, gl_InstanceID * u_vertices + gl_VertexID);
    gl_Position = vec4(vertex.xyz, 1.);
    gl_PointSize = vertex.w;
}
