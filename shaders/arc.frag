#version 410 core
// A soft profile across, as that of edges; one colour at the query, another at the key.
in vec3 v_color;
in float v_across;
out vec4 o_color;

void main()
{
    float profile = 1. - v_across * v_across;
    o_color = vec4(v_color * profile * profile, 0.);
}
